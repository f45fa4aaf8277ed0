"""`nascore lineage`, `audit`, `diff` and `crate`: what they print, and how bad input is answered."""

import json
import re
import shutil
from pathlib import Path

import pytest
from messages import facts
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
        assert call("lineage", "92.08").startswith("targets.csv: macs winner: predicted_accuracy = 0.9207951\n")

    def test_json_is_json(self, recorded):
        data = json.loads(call("lineage", "macs.macs", "--json"))
        assert data["asked"] == "macs.macs" and data["cells"][0]["column"] == "macs" and len(data["records"]) == 3

    def test_draws(self, recorded):
        assert call("lineage", "macs", "--graph", "a.mmd") == "wrote a.mmd\n"
        assert Path("a.mmd").read_text().startswith("flowchart")

    def test_the_run_is_taken_from_a_path(self, recorded):
        shutil.copytree("results/small", "results/other")
        assert call("lineage", RESULT).startswith(RESULT)
        assert re.match(facts("other, small"), call("lineage", "macs", code=1))

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("nothing",), ("nothing", "small", "macs")),
            (("macs", "--run", "smal"), ("smal", "small")),
            (("macs", "--graph", "a.doc"), ("a.doc", ".svg, .dot, .mmd")),
        ],
    )
    def test_mistakes_are_answered(self, recorded, arguments, message):
        said = call("lineage", *arguments, code=1)
        assert said.startswith("error: ") and re.match(facts(*message), said)


class TestAudit:
    def test_passes_with_0_and_fails_with_1(self, recorded):
        assert "nothing is altered" in call("audit")
        recorded.write(RESULT, "altered")
        shown = call("audit", "small", code=1)
        assert any(re.match(facts("altered", 1), line) for line in shown.splitlines()) and RESULT in shown

    def test_json_is_json(self, recorded):
        assert json.loads(call("audit", "--json"))["passed"] is True
        (recorded.folder / RESULT).unlink()
        data = json.loads(call("audit", "--json", code=1))
        assert [finding["kind"] for finding in data["findings"]] == ["missing"]

    def test_compares_parameters_with_a_configuration(self, recorded):
        config = (
            "{run: small, tables: tables, predictors: {linear_per_global: {}, contributions: {published_code: 1}}, "
        )
        config += "targets: {macs: {macs_m: %s}}}"
        recorded.write("config.yaml", config % 30)
        assert re.match(facts("config.yaml"), call("audit", "--configfile", "config.yaml"))
        recorded.write("config/mine.yaml", config % 31)
        shown = call("audit", code=1)
        assert re.match(facts("config/mine.yaml", RESULT, "target", '{"macs_m": 30.0}', '{"macs_m": 31.0}'), shown)
        lines = call("audit", "--config", "seed=5", code=1).splitlines()
        assert any(re.match(facts(RESULT, "seed", 0, 5), line) for line in lines)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("--configfile", "no.yaml"), ("no.yaml",)),
            (("--configfile", "tables/a.json"), ("tables/a.json", "list")),
            (("--configfile", "bad.yaml"), ("bad.yaml", "YAML", "line 1")),
            (("--configfile", "good.yaml", "--config", "seed={"), ("--config", "seed", "YAML", "line 1")),
            (("--configfile", "good.yaml", "--config", "sead=1"), ("good.yaml", "sead", "seed")),
        ],
    )
    def test_mistakes_in_the_configuration_are_answered(self, recorded, arguments, message):
        recorded.write("bad.yaml", "{")
        recorded.write("good.yaml", "{run: small, tables: tables, targets: {macs: {macs_m: 30}}}")
        said = call("audit", *arguments, code=1)
        assert said.startswith("error: ") and re.match(facts(*message), said)

    def test_a_run_without_lineage(self, recorded):
        (recorded.folder / "results/old").mkdir()
        assert re.match(facts("'old'", "results/old/lineage", "snakemake --forceall"), call("audit", "old", code=1))

    @pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"kind": "record"}', "\x00"])
    def test_broken_files_are_named(self, recorded, content):
        for folder in ("records", "paths", "environments"):
            for file in (recorded.folder / "results/small/lineage" / folder).glob("*.json"):
                file.write_text(content)
        assert re.match(facts("broken", "results/small/lineage/paths/"), call("audit", code=1))
        assert re.match(facts("error", "macs", "small"), call("lineage", "macs", code=1))
        assert re.match(facts("error", "nascore audit small"), call("crate", code=1))


class TestDiff:
    def test_names_the_causes(self, recorded):
        recorded.results = Path("results/other")
        recorded.whole(limit=31.0)
        shown = call("diff", "small", "other")
        assert "1 artifacts differ between small and other, 3 are the same" in shown
        assert "parameter  target.macs_m   30.0   31.0  search (target=macs, searcher=exact)" in shown
        assert json.loads(call("diff", "small", "other", "--json"))["causes"][0]["what"] == "target.macs_m"

    def test_an_unknown_run(self, recorded):
        assert re.match(facts("smalll", "small"), call("diff", "small", "smalll", code=1))
