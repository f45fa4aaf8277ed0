"""`nascore lineage`, `audit`, `diff` and `crate`: what they print, and how bad input is answered."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nascore.cli import app

RESULT = "results/small/search/macs/exact/result.json"


def call(*arguments, code=0):
    """Run a command and return what it printed; a traceback fails the test."""
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == code, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.output


class TestLineage:
    def test_prints_a_tree(self, recorded):
        assert call("lineage", "macs").startswith(f"{RESULT}  sha256 ")
        assert call("lineage", "92.08").startswith("targets.csv: macs exact: predicted_accuracy = 0.9207951\n")

    def test_json_is_json(self, recorded):
        data = json.loads(call("lineage", "macs.macs", "--json"))
        assert data["asked"] == "macs.macs" and data["cells"][0]["column"] == "macs" and len(data["records"]) == 3

    def test_draws(self, recorded):
        assert call("lineage", "macs", "--graph", "a.mmd") == "wrote a.mmd\n"
        assert Path("a.mmd").read_text().startswith("flowchart")

    def test_the_run_is_taken_from_a_path(self, recorded):
        shutil.copytree("results/small", "results/other")
        assert call("lineage", RESULT).startswith(RESULT)
        assert "which run? Give its name: one of other, small" in call("lineage", "macs", code=1)

    @pytest.mark.parametrize("arguments", [("nothing",), ("macs", "--run", "smal"), ("macs", "--graph", "a.doc")])
    def test_mistakes_are_answered(self, recorded, arguments):
        assert call("lineage", *arguments, code=1).startswith("error: ")


class TestAudit:
    def test_passes_with_0_and_fails_with_1(self, recorded):
        assert "nothing is altered" in call("audit")
        recorded.write(RESULT, "altered")
        shown = call("audit", "small", code=1)
        assert "altered: 1 (its content is not what was recorded)\n  " + RESULT in shown

    def test_json_is_json(self, recorded):
        assert json.loads(call("audit", "--json"))["passed"] is True
        (recorded.folder / RESULT).unlink()
        data = json.loads(call("audit", "--json", code=1))
        assert [finding["kind"] for finding in data["findings"]] == ["missing"]

    def test_compares_parameters_with_a_configuration(self, recorded):
        config = "{run: small, tables: tables, predictors: {linear_per_global: {}, mlp: {epochs: 2}}, "
        config += "targets: {macs: {macs_m: %s}}}"
        recorded.write("config.yaml", config % 30)
        assert "parameters compared with config.yaml" in call("audit", "--configfile", "config.yaml")
        recorded.write("config/mine.yaml", config % 31)
        shown = call("audit", code=1)
        assert "parameters compared with config/mine.yaml" in shown
        assert 'target was {"macs_m": 30.0}; the configuration has {"macs_m": 31.0}' in shown
        assert "seed was 0; the configuration has 5" in call("audit", "--config", "seed=5", code=1)

    @pytest.mark.parametrize(
        "arguments",
        [("--configfile", "no.yaml"), ("--configfile", "tables/a.json"), ("--configfile", "bad.yaml"),
         ("--configfile", "good.yaml", "--config", "seed={"), ("--configfile", "good.yaml", "--config", "sead=1")],
    )  # fmt: skip
    def test_mistakes_in_the_configuration_are_answered(self, recorded, arguments):
        recorded.write("bad.yaml", "{")
        recorded.write("good.yaml", "{run: small, tables: tables, targets: {macs: {macs_m: 30}}}")
        assert call("audit", *arguments, code=1).startswith("error: ")

    def test_a_run_without_lineage(self, recorded):
        (recorded.folder / "results/old").mkdir()
        assert "nothing is recorded of run 'old'" in call("audit", "old", code=1)

    @pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"kind": "record"}', "\x00"])
    def test_broken_files_are_named(self, recorded, content):
        for folder in ("records", "paths", "environments"):
            for file in (recorded.folder / "results/small/lineage" / folder).glob("*.json"):
                file.write_text(content)
        assert "broken: " in call("audit", code=1)
        assert "error: " in call("lineage", "macs", code=1)
        assert "error: " in call("crate", code=1)


class TestDiff:
    def test_names_the_causes(self, recorded):
        recorded.results = Path("results/other")
        recorded.whole(limit=31.0)
        shown = call("diff", "small", "other")
        assert "1 artifacts differ between small and other, 3 are the same" in shown
        assert "parameter  target.macs_m   30.0   31.0  search (target=macs, searcher=exact)" in shown
        assert json.loads(call("diff", "small", "other", "--json"))["causes"][0]["what"] == "target.macs_m"

    def test_an_unknown_run(self, recorded):
        assert "Did you mean 'small'" in call("diff", "small", "smalll", code=1)
