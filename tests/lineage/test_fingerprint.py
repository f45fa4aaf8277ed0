import ast
import re
import shutil
import sys
from collections import Counter
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from messages import facts

from nascore.errors import DataError
from nascore.lineage import fingerprint
from nascore.lineage.fingerprint import DISTRIBUTIONS, packages, source_part
from nascore.lineage.surroundings import normal_name

FILES = {
    "scripts/run.py": "from nascore.search import exact\nexact.solve()\n",
    "nascore/__init__.py": "",
    "nascore/errors.py": "class Oops(Exception): ...\n",
    "nascore/search/__init__.py": "",
    "nascore/search/exact.py": (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from nascore.typed import Only\n"
        "def solve():\n    from nascore.costs import count\n    return count()\n"
    ),
    "nascore/costs.py": "import nascore.errors\nimport nascore.loop\ndef count():\n    return 1\n",
    "nascore/loop.py": "import nascore.costs\n",
    "nascore/typed.py": "Only = int\n",
    "nascore/unrelated.py": "x = 1\n",
    "nascore/report/__init__.py": "",
    "nascore/report/page.py": "from nascore.errors import Oops\n",
    "nascore/report/page.html": "<h1></h1>",
}


@pytest.fixture
def root(tmp_path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def changes(root: Path, name: str, text: str, *entry_points: str) -> bool:
    """Say whether giving a file other text changes the fingerprint."""
    before = fingerprint(root, *entry_points)
    (root / name).write_text(text)
    return fingerprint(root, *entry_points) != before


def test_is_twice_sixteen_digits_and_the_same_in_another_folder(root, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    root_copy = other / "copy"
    for name, text in FILES.items():
        (root_copy / name).parent.mkdir(parents=True, exist_ok=True)
        (root_copy / name).write_text(text)
    print_here = fingerprint(root, "scripts/run.py")
    assert re.fullmatch("[0-9a-f]{16}[+][0-9a-f]{16}", print_here)
    assert fingerprint(root_copy, "scripts/run.py") == print_here


@pytest.mark.parametrize(
    "text",
    [
        "# why\nimport nascore.errors\nimport nascore.loop\ndef count():\n    return 1\n",
        '"""Costs."""\nimport nascore.errors\nimport nascore.loop\ndef count():\n    """Count."""\n    return 1\n',
        "import nascore.errors\nimport nascore.loop\n\n\ndef count( ):\n\n    return (1)  # one\n",
    ],
    ids=["comment", "docstring", "layout"],
)
def test_comments_docstrings_and_layout_do_not_count(root, text):
    assert not changes(root, "nascore/costs.py", text, "scripts/run.py")


@pytest.mark.parametrize(
    "name",
    ["scripts/run.py", "nascore/__init__.py", "nascore/search/__init__.py", "nascore/costs.py"],
)
def test_code_that_is_reached_counts(root, name):
    assert changes(root, name, FILES[name] + "y = 2\n", "scripts/run.py")


@pytest.mark.parametrize("name", ["nascore/unrelated.py", "nascore/typed.py", "nascore/report/page.html"])
def test_code_that_is_not_reached_does_not_count(root, name):
    assert not changes(root, name, "y = 2\n", "scripts/run.py", "nascore.search.exact")


def test_modules_of_a_registry_count_only_as_entry_points(root):
    (root / "nascore/search/__init__.py").write_text("CLASSES = {'x': 'nascore.unrelated:X'}\n")
    assert not changes(root, "nascore/unrelated.py", "y = 2\n", "nascore.search")
    assert changes(root, "nascore/unrelated.py", "y = 3\n", "nascore.search", "nascore.unrelated")


def test_a_script_beside_a_script_counts(root):
    (root / "scripts/run.py").write_text("import common\n")
    (root / "scripts/common.py").write_text("import helper\n")
    (root / "scripts/helper.py").write_text("")
    assert changes(root, "scripts/helper.py", "x = 1\n", "scripts/run.py")


def test_a_new_module_that_shadows_a_name_counts(root):
    """`from nascore.search import exact` may start to mean another file."""
    (root / "nascore/search/exact.py").unlink()
    before = fingerprint(root, "scripts/run.py")
    (root / "nascore/search/exact.py").write_text("")
    assert fingerprint(root, "scripts/run.py") != before


def test_templates_beside_a_used_module_count(root):
    assert changes(root, "nascore/report/page.html", "<h2></h2>", "nascore.report.page")


def test_more_entry_points_in_any_order(root):
    one = fingerprint(root, "nascore.unrelated", "scripts/run.py")
    assert one == fingerprint(root, "scripts/run.py", "nascore.unrelated") != fingerprint(root, "scripts/run.py")


class TestPackages:
    @pytest.fixture
    def root(self, root):
        (root / "nascore/costs.py").write_text("import json\nimport tqdm\nimport numpy as np\nfrom PIL import Image\n")
        (root / "scripts/run.py").write_text("import helper\nfrom nascore.costs import np\n")
        (root / "scripts/helper.py").write_text("import scipy.optimize\n")
        return root

    def test_are_those_that_the_reached_source_imports(self, root):
        assert packages(root, "scripts/run.py") == ["numpy", "pillow", "scipy"]
        assert packages(root, "nascore.costs") == ["numpy", "pillow"]
        assert packages(root, "nascore.errors") == []

    def test_another_version_of_one_is_another_fingerprint_of_the_same_source(self, root):
        versions = {"numpy": "2.0", "pillow": "12.0", "scipy": "1.0"}
        before = fingerprint(root, "scripts/run.py", versions=versions)
        after = fingerprint(root, "scripts/run.py", versions=versions | {"scipy": "1.1"})
        assert before != after and source_part(before) == source_part(after)
        assert fingerprint(root, "nascore.costs", versions=versions) == fingerprint(
            root, "nascore.costs", versions=versions | {"scipy": "1.1", "pytest": "9"}
        )

    def test_versions_are_those_that_are_installed_first_on_the_path(self, root, tmp_path, monkeypatch):
        before = fingerprint(root, "scripts/run.py")
        (tmp_path / "new" / "scipy-99.0.dist-info").mkdir(parents=True)
        monkeypatch.syspath_prepend(str(tmp_path / "new"))
        assert fingerprint(root, "scripts/run.py") != before

    @pytest.mark.slow
    def test_every_import_of_this_project_is_of_an_installed_package(self):
        root = Path(__file__).parents[2]
        files = [*(root / "nascore").rglob("*.py"), *(root / "workflow_scripts").glob("*.py")]
        nodes = [node for file in files for node in ast.walk(ast.parse(file.read_bytes()))]
        names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
        scripts = {file.stem for file in (root / "workflow_scripts").glob("*.py")}
        others = {name.split(".")[0] for name in names} - sys.stdlib_module_names - scripts - {"nascore"}
        installed = packages_distributions()
        missing = {
            name
            for name in others & installed.keys()
            if normal_name(DISTRIBUTIONS.get(name, name)) not in map(normal_name, installed[name])
        }
        assert "numpy" in others and missing == set()


def test_unknown_entry_points_are_named(root):
    with pytest.raises(DataError, match=facts("nascore.search.exakt", "nascore.search.exact")):
        fingerprint(root, "nascore.search.exakt")
    with pytest.raises(DataError, match=facts("scripts/rum.py", "scripts/run.py")):
        fingerprint(root, "scripts/rum.py")


def test_a_syntax_error_names_file_and_line(root):
    (root / "nascore/costs.py").write_text("x = 1\ny = (\n")
    with pytest.raises(DataError, match=facts("nascore/costs.py", "line 2", "Python", "'(' was never closed")):
        fingerprint(root, "scripts/run.py")


def test_each_file_is_parsed_once(root, monkeypatch):
    parse, times = ast.parse, Counter[bytes]()
    monkeypatch.setattr(ast, "parse", lambda content: times.update([content]) or parse(content))
    for _ in range(3):
        fingerprint(root, "scripts/run.py", "nascore.report.page")
    del times[b""]  # several files are empty
    assert times[FILES["nascore/costs.py"].encode()] == 1 and set(times.values()) == {1}


ROOT = Path(__file__).parents[2]
TRAINING = ("workflow_scripts/train_phase.py", "nascore.training.__main__")


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A copy of the project's own code."""
    copy = tmp_path_factory.mktemp("project")
    for name in ("nascore", "workflow_scripts"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def differs(project: Path, module: str, space: str) -> bool:
    """Say whether another line in a module changes the fingerprint of a training on a space."""
    file = project / f"{module.replace('.', '/')}.py"
    text, before = file.read_text(), fingerprint(project, *TRAINING, space=space)
    file.write_text(f"{text}\nANOTHER = 1\n")
    after = fingerprint(project, *TRAINING, space=space)
    file.write_text(text)
    return before != after


@pytest.mark.parametrize(
    "module",
    [
        "nascore.spaces.binas", "nascore.supernet.multi_path_supernet", "nascore.supernet.multi_path",
        "nascore.spaces.described", "nascore.data.download",
        "nascore.accuracy_dataset.coverage", "nascore.results.table", "nascore.parquet_files",
    ],
)  # fmt: skip
def test_a_training_does_not_depend_on_what_it_does_not_need(project, module):
    assert not differs(project, module, "ofa_mcunet")


@pytest.mark.parametrize("module", ["nascore.spaces.binas", "nascore.supernet.multi_path", "nascore.training.loop"])
def test_a_training_depends_on_its_own_space(project, module):
    assert differs(project, module, "binas")


def test_a_training_depends_on_no_package_for_tables():
    assert packages(ROOT, *TRAINING, space="ofa_mcunet") == ["numpy", "pydantic", "safetensors", "torch"]
