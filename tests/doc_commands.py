"""Checks that a command of the documentation exists and may be called so, without running it.

`nascore`, `snakemake` and `dvc` by their own parsers, and the files that they name; `make` by `make -n`; scripts by the
options that they know; pip by the extras; git by its subcommands. Of programs that are not part of the environment,
such as docker, only the files that they are given, and what they run in a container.
"""

import re
import subprocess
import tomllib

from doc_blocks import ROOT

from nascore.config import Config

OWN_SPACE = ROOT / "docs/howto/own_space.md"
"""A page that writes a configuration."""


def check_nascore(arguments):
    from typer.main import get_command

    from nascore.cli import app

    command, context = get_command(app), None
    arguments = ["nascore", *arguments]
    while hasattr(command, "list_commands"):
        context = command.make_context(arguments[0], arguments[1:2], parent=context, resilient_parsing=True)
        arguments = arguments[1:]
        assert arguments[0] in command.list_commands(context), arguments[0]
        command = command.get_command(context, arguments[0])
    command.make_context(arguments[0], arguments[1:], parent=context)


def check_snakemake(arguments):
    from snakemake.cli import parse_args

    # Options of executors that are not part of the environment; tests/cluster/ runs the profile.
    if "--profile" in arguments:
        at = arguments.index("--profile")
        assert (ROOT / arguments[at + 1] / "config.yaml").is_file()
        arguments = arguments[:at] + arguments[at + 2 :]
    if "--executor" in arguments:
        at = next((i for i, word in enumerate(arguments) if word.startswith("--kubernetes")), 0)
        arguments = ["--executor", "local", *arguments[arguments.index("--executor") + 2 : at], *arguments[at + 2 :]]
    _, given = parse_args(arguments)
    for file in given.configfile or []:
        assert (ROOT / file).is_file() or f'title="{file}"' in OWN_SPACE.read_text(), file
    for pair in given.config or []:
        assert pair.split("=")[0] in Config.model_fields, pair


IN_A_BUNDLE = {"predict.py": "nascore/deploy/predict.py"}


def check_make(arguments):
    variables = re.findall(r"^(\w+) \?=", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {word.split("=")[0] for word in arguments if "=" in word} <= set(variables)
    done = subprocess.run(["make", "-n", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def check_python(arguments):
    source = (ROOT / IN_A_BUNDLE.get(arguments[0], arguments[0])).read_text()
    for word in arguments[1:]:
        assert not word.startswith("--") or f'"{word}"' in source, f"{arguments[0]} knows no {word}"


def check_pip(arguments):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert arguments[0] == "install"
    for extra in re.findall(r"nascore\[(\w+)\]", " ".join(arguments)):
        assert extra in extras


def check_dvc(arguments):
    from dvc.cli.parser import get_main_parser

    get_main_parser().parse_args(arguments)


def check_git(arguments):
    known = subprocess.check_output(["git", "--list-cmds=main"], text=True).split()
    assert arguments[0] in known


def check_export(arguments):
    assert all(re.match(r"\w+=", word) for word in arguments)


def check_source(arguments):
    """What `make env` makes."""
    assert arguments == [".venv/bin/activate"]


def check_files(arguments):
    """Check the files of the project that a program which is not here is given."""
    for word in arguments:
        assert not re.fullmatch(r"[\w./-]+\.(ya?ml|sh|lock|toml)", word) or (ROOT / word).is_file(), word


def check_container(arguments):
    """Check what is run in a container of the image `nascore`, too."""
    check_files(arguments)
    image = [i for i, word in enumerate(arguments) if word in ("nascore", "nascore.sif")]
    if arguments[0] == "run" and "--entrypoint" in arguments:
        check_nascore(arguments[image[-1] + 1 :])
    elif arguments[0] == "run":
        check_snakemake(arguments[image[-1] + 1 :])


CHECKS = {
    "apptainer": check_container,
    "cd": check_files,
    "conda": check_files,
    "docker": check_container,
    "dvc": check_dvc,
    "export": check_export,
    "git": check_git,
    "make": check_make,
    "mkdir": check_files,
    "nascore": check_nascore,
    "pip": check_pip,
    "python": check_python,
    "rocrate-validator": check_files,
    "sh": check_files,
    "snakemake": check_snakemake,
    "source": check_source,
}
