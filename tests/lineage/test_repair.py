"""Which files are made again first; the runs that do so are in tests/workflow/test_repairs.py."""

import importlib.util
from pathlib import Path

import pytest
from snakemake.cli import parse_args

SPEC = importlib.util.spec_from_file_location("repair", Path(__file__).parents[2] / "rules" / "repair.py")
assert SPEC and SPEC.loader
repair = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(repair)

CHAIN = ("dataset.parquet", "predictor.bin", "search/macs/exact/result.json", "targets.csv")
"""What the jobs of the recorded run make, each from the one before."""


def of_run(name: str) -> str:
    return f"results/small/{name}"


def first(run, found, *options, pending=(), elsewhere=()):
    """Return the names of what is repaired first, where a call plans some files and has no need of others."""
    plan = {of_run(name): repair.UP_TO_DATE for name in CHAIN if name not in elsewhere}
    plan |= {of_run(name): "update pending" for name in pending}
    _, parsed = parse_args(options)
    return [Path(path).name for path in repair._first_to_repair([*map(of_run, found)], plan, parsed, run.open())]


class TestFirstToRepair:
    def test_of_what_is_made_from_one_another_the_first(self, recorded):
        assert first(recorded, ["targets.csv", "predictor.bin"]) == ["predictor.bin"]
        assert first(recorded, ["targets.csv"]) == ["targets.csv"]
        assert first(recorded, []) == []

    def test_not_what_a_call_has_no_need_of(self, recorded):
        assert first(recorded, ["targets.csv"], elsewhere=["targets.csv"]) == []
        assert first(recorded, ["targets.csv", "predictor.bin"], elsewhere=["predictor.bin"]) == ["targets.csv"]

    def test_one_output_of_a_job_after_another_of_one_above(self, recorded):
        """Snakemake cannot run until two jobs of which one needs the other."""
        recorded.job("import_tables", {of_run(name): "rows" for name in ("dataset.parquet", "notes.json")}, [])
        for rule, made, source in zip(("fit_predictor", "search", "summarize"), CHAIN[1:], CHAIN, strict=False):
            recorded.job(rule, {of_run(made): rule}, [of_run(source)])
        plan = dict.fromkeys([*map(of_run, CHAIN), of_run("notes.json")], repair.UP_TO_DATE)
        found = [of_run("notes.json"), of_run("predictor.bin")]
        assert repair._first_to_repair(found, plan, parse_args([])[1], recorded.open()) == [of_run("notes.json")]

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            (["--until", "fit_predictor"], ["predictor.bin"]),
            (["--until", "summarize"], ["predictor.bin"]),
            (["--until", of_run("dataset.parquet")], []),
            (["--until", "unknown"], []),
            (["--omit-from", "search"], ["predictor.bin"]),
            (["--omit-from", of_run("dataset.parquet")], []),
        ],
    )
    def test_only_what_a_call_is_limited_to(self, recorded, options, expected):
        assert first(recorded, ["predictor.bin", "targets.csv"], *options) == expected

    def test_not_what_a_call_makes_anyway(self, recorded):
        """Something that it is made from, or its own parameters, have changed."""
        after = ["predictor.bin", "search/macs/exact/result.json", "targets.csv"]
        assert first(recorded, ["targets.csv"], pending=after) == []
        assert first(recorded, ["predictor.bin"], pending=after) == []

    def test_what_a_call_makes_only_as_it_is_missing(self, recorded):
        """Snakemake plans then what it is made from, too, and all that reads that."""
        Path(of_run("targets.csv")).unlink()
        assert first(recorded, ["targets.csv"], pending=["targets.csv"]) == ["targets.csv"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["-x"]),
        (["--cores", "2", "a"], ["--cores", "2", "a", "-x"]),
        (["--cores", "2", "--", "a"], ["--cores", "2", "-x", "--", "a"]),
    ],
)
def test_targets_stay_targets(arguments, expected):
    assert repair.with_options(arguments, "-x") == expected


@pytest.mark.parametrize(
    ("arguments", "runs"),
    [
        (["--cores", "2"], True),
        (["-n"], True),
        (["--cores", "2", "--report", "r.html", "--report-after-run"], True),
        (["--report", "r.html"], False),
        (["--dag"], False),
        (["--rulegraph"], False),
        (["--unlock"], False),
        (["--touch", "--cores", "1"], False),
        (["--lint"], False),
        (["--cleanup-metadata", "a"], False),
    ],
)
def test_calls_that_run_jobs(arguments, runs):
    """Every name in `WITHOUT_JOBS` is one that this version of Snakemake knows."""
    assert repair._runs_jobs(parse_args(arguments)[1]) == runs
