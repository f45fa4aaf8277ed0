"""The whole workflow on a small project."""

import json
import re
import signal

import pandas as pd


def test_everything_is_made_and_an_infeasible_target_is_a_result(finished_project):
    results = finished_project.results
    read = {
        path.relative_to(results / "search").as_posix(): json.loads(path.read_text())
        for path in results.glob("search/*/*/result.json")
    }
    statuses = {name.removesuffix("/result.json"): result["status"] for name, result in read.items()}
    assert statuses == {
        "macs/random": "found",
        "macs/exact": "optimal",
        "board/random": "found",
        "board/exact": "optimal",
        "impossible/random": "infeasible",
        "impossible/exact": "infeasible",
    }
    assert (results / "report.html").stat().st_size > 100_000
    assert set(pd.read_csv(results / "targets.csv")["target"]) == {"macs", "board", "impossible"}
    assert pd.read_csv(results / "predictors.csv")["predictor"].tolist() == ["linear_per_global", "mlp"]
    for target in ("macs", "board", "impossible"):
        assert (results / "search" / target / "winner.svg").read_text().startswith("<svg xmlns=")


def test_every_job_has_its_log_and_timing(finished_project):
    results = finished_project.results
    logs = {path.relative_to(results / "logs").with_suffix("") for path in results.glob("logs/**/*.log")}
    timings = {path.relative_to(results / "benchmarks").with_suffix("") for path in results.glob("benchmarks/**/*.tsv")}
    assert logs == timings
    assert len(logs) == 3 + 2 * 3 + 3 * 2 + 1 + 3 + 2


def test_interrupted_it_goes_on_with_one_core_in_another_folder_and_ends_in_the_same_bytes(
    finished_project, new_project
):
    # As Ctrl-C on a terminal: to all processes at once.
    interrupted = new_project.killed_when("predictors/*/predictor.safetensors", signal.SIGINT)
    assert interrupted.returncode != 0
    assert re.search(r"Interrupted after \d+ of 21 jobs; the same command goes on", interrupted.stdout), interrupted
    assert not (new_project.results / "report.html").exists()
    assert not list(new_project.results.rglob(".*")), "a temporary file was left"
    done = new_project.run(cores=1)
    assert done.returncode == 0, done.stdout
    assert new_project.derived() == finished_project.derived()


def test_the_screen_shows_what_to_expect_and_ends_with_the_winners_and_the_report(finished_project):
    exact = "results/small/search/macs/exact/result.json"
    lines = [" ".join(line.split()) for line in finished_project.run("--forcerun", exact).stdout.splitlines()]
    assert "impossible peak_memory_kb 64 peak_memory_kb 72 proven infeasible" in lines
    assert any(line.startswith("[1/4] search macs exact: 3 subnets, best predicted accuracy") for line in lines)
    winners = lines[next(i for i, line in enumerate(lines) if line.startswith("target winner predicted (%)")) + 1 :]
    assert winners[0].startswith("macs ") and winners[0].endswith("predicted; optimum of the prediction, proven")
    assert winners[2].startswith("impossible infeasible: peak_memory_kb is at least 72")
    assert winners[-1].endswith("The report is results/small/report.html")


def test_the_snakemake_report_has_every_result(finished_project):
    done = finished_project.run("--report", "snakemake_report.html")
    assert done.returncode == 0, done.stdout
    page = (finished_project.folder / "snakemake_report.html").read_text()
    for shown in ("targets.csv", "predictors.csv", "winner.svg", "report.html"):
        assert shown in page
