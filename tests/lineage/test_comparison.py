from pathlib import Path

from nascore.lineage.comparison import compare
from nascore.lineage.history import Run


def causes(small, first="small", second="other"):
    comparison = compare(Run.open(first, small.folder), Run.open(second, small.folder))
    return comparison, {(cause.kind, cause.what, cause.first, cause.second) for cause in comparison.causes}


def other(small, **changes):
    small.results = Path("results/other")
    small.whole(**changes)


def test_the_same_run_in_another_folder_differs_in_nothing(recorded):
    other(recorded)
    comparison, found = causes(recorded)
    assert (comparison.differing, comparison.same, found) == ([], 4, set())


def test_a_parameter_is_found_where_it_first_matters(recorded):
    other(recorded, limit=31.0)
    comparison, found = causes(recorded)
    assert found == {("parameter", "target.macs_m", "30.0", "31.0")}
    assert comparison.differing == ["search/macs/exact/result.json"]
    assert comparison.causes[0].jobs == ["search (target=macs, searcher=exact)"]


def test_one_cause_of_several_jobs_is_said_once(recorded):
    other(recorded, seed=1)
    comparison, found = causes(recorded)
    assert found == {("parameter", "seed", "0", "1")}
    assert len(comparison.causes[0].jobs) == 2


def test_data_and_code(recorded):
    recorded.write("tables/a.json", "[2]")
    recorded.write("workflow_scripts/import_tables.py", "run(2)\n")
    recorded.results = Path("results/other")
    recorded.job("import_tables", {"results/other/dataset.parquet": "others"}, ["tables/a.json"])
    comparison, found = causes(recorded)
    assert {(kind, what) for kind, what, *_ in found} == {("data", "tables/a.json"), ("code", "rule import_tables")}
    assert comparison.only[0] == ["predictor.bin", "search/macs/exact/result.json", "targets.csv"]


def test_versions(recorded, monkeypatch):
    recorded.write("requirements.lock", "numpy==1\n")
    recorded.results = Path("results/other")
    recorded.job("import_tables", {"results/other/dataset.parquet": "others"}, ["tables/a.json"])
    _, found = causes(recorded)
    assert ("version", "pandas") in {(kind, what) for kind, what, *_ in found}


def test_the_same_of_everything_and_other_bytes_is_said(recorded):
    recorded.results = Path("results/other")
    recorded.job("import_tables", {"results/other/dataset.parquet": "by chance"}, ["tables/a.json"])
    _, found = causes(recorded)
    assert {kind for kind, *_ in found} == {"not reproducible"}


def test_a_lost_record_ends_the_way_and_is_said(recorded):
    other(recorded, limit=31.0)
    run = Run.open("other", recorded.folder)
    run.ledger.document_path("record", run.made["results/other/search/macs/exact/result.json"]).unlink()
    _, found = causes(recorded)
    assert {kind for kind, *_ in found} == {"lineage"}
