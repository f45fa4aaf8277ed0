"""The source makes no call that executes what others wrote; docs/security.md says why each exception is one."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = [*(ROOT / "nascore").rglob("*.py"), *(ROOT / "workflow_scripts").glob("*.py")]

FORBIDDEN_CALLS = {
    *("eval", "exec", "compile", "__import__", "os.system", "os.popen", "tempfile.mktemp"),
    *("pickle.load", "pickle.loads", "pickle.Unpickler", "marshal.load", "marshal.loads", "shelve.open"),
    *("pd.read_pickle", "joblib.load", "dill.load", "yaml.load", "yaml.unsafe_load", "yaml.full_load"),
    *("subprocess.getoutput", "subprocess.getstatusoutput", "jinja2.Template", "Template"),
}
FORBIDDEN_METHODS = {"extract", "extractall", "unpack_archive", "read_pickle", "to_pickle"}
NEEDED = {"torch.load": ("weights_only", True), "np.load": ("allow_pickle", False), "np.save": ("allow_pickle", False)}
"""Calls that are safe only with this argument."""


def dotted(node: ast.expr) -> str:
    """Return how a called function is written."""
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def problems(source: str) -> list[str]:
    """Return what is wrong with each call of a source."""
    found = []
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        name = dotted(call.func)
        given = {k.arg: k.value.value for k in call.keywords if isinstance(k.value, ast.Constant)}
        if name in FORBIDDEN_CALLS or (isinstance(call.func, ast.Attribute) and call.func.attr in FORBIDDEN_METHODS):
            found.append(f"line {call.lineno}: {name or call.func}")
        if name in NEEDED and given.get(NEEDED[name][0]) is not NEEDED[name][1]:
            found.append(f"line {call.lineno}: {name} without {NEEDED[name][0]}={NEEDED[name][1]}")
        if any(k.arg == "shell" for k in call.keywords):
            found.append(f"line {call.lineno}: {name} with shell")
        if given.get("verify") is False:
            found.append(f"line {call.lineno}: {name} with verify=False")
        if name.startswith("subprocess.") and call.args and isinstance(call.args[0], ast.JoinedStr | ast.Constant):
            found.append(f"line {call.lineno}: {name} of a string")
        if name.endswith("Environment") and "loader" in {k.arg for k in call.keywords} and not given.get("autoescape"):
            found.append(f"line {call.lineno}: templates without autoescape")
    return found


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_no_forbidden_call(file):
    assert problems(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle\npickle.load(f)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "np.load(path)",
        "subprocess.run(call, shell=True)",
        "subprocess.run(f'ls {name}')",
        "os.system('ls')",
        "yaml.load(text)",
        "zipfile.ZipFile(path).extractall(folder)",
        "eval('1')",
        "requests.get(url, verify=False)",
        "Environment(loader=loader)",
    ],
)
def test_each_kind_is_found(source):
    assert problems(source)


def test_no_rule_has_a_shell_command():
    for file in [ROOT / "Snakefile", *(ROOT / "rules").glob("*.smk")]:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
        assert not [line for line in lines if line.startswith(("shell:", "run:", "wrapper:", "notebook:"))], file
