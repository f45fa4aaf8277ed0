"""The descriptions of the environment say the same: pyproject.toml, requirements.lock, environment.yml, Dockerfile."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def lock_lines() -> list[str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def locked(lock_lines) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lock_lines)}


def test_every_line_of_the_lock_is_one_exact_version(lock_lines, locked):
    assert [line for line in lock_lines if not re.fullmatch(r"[\w.-]+==\d[\w.]*", line)] == []
    assert len(locked) == len(lock_lines)


def test_the_lock_satisfies_every_direct_dependency(project, locked):
    direct = [Requirement(line) for line in (*project["dependencies"], *project["optional-dependencies"]["dev"])]
    assert [r.name for r in direct if canonicalize_name(r.name) not in locked] == []
    assert [r.name for r in direct if locked[canonicalize_name(r.name)] not in r.specifier] == []


def test_torch_is_the_one_version_that_results_were_made_with(locked):
    assert (locked["torch"], locked["torchvision"]) == ("2.13.0", "0.28.0")
    assert "torch==2.13.0" in (ROOT / "Makefile").read_text()


def test_the_conda_environment_installs_the_same_lock(project):
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    python = next(line for line in dependencies if str(line).startswith("python="))
    assert python.removeprefix("python=") in SpecifierSet(project["requires-python"])
    assert "pip" in dependencies
    script = (ROOT / "environment.post-deploy.sh").read_text()
    assert "pip install --quiet -r requirements.lock" in script
    assert "pip install --quiet --no-deps --no-build-isolation -e ." in script


def test_the_container_installs_the_same_lock_and_needs_no_rights(project):
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    (base,) = [line.split(":")[1] for line in lines if line.startswith("FROM python:")]
    assert base.removesuffix("-slim") in SpecifierSet(project["requires-python"])
    assert any("pip install" in line and "-r requirements.lock" in line for line in lines)
    user = max(i for i, line in enumerate(lines) if line.startswith("USER "))
    assert lines[user] != "USER root" and not any(line.startswith("RUN") for line in lines[user:])
