"""A workflow that is killed at random moments of every stage loses nothing and accepts nothing half-written."""

import random
import shutil
from collections import Counter

import pytest
from kill_harness import Reference, kill_and_go_on
from small_project import new_project_in

SEED = 6
KILLS = {"_finished": 12, "_finished_images": 20}
"""At least one for each of the 11 and 19 rules; benchmarks/kills.py does 200."""


@pytest.fixture(scope="module", params=KILLS)
def killed(request, tmp_path_factory):
    """What a run without a kill has made, a project that was killed again and again on the way there, and the kills."""
    whole = request.getfixturevalue(request.param)
    project = new_project_in(tmp_path_factory.mktemp("kills") / "project")
    shutil.copy(whole.folder / "config.yaml", project.folder)
    reference = Reference(whole)
    return reference, project, list(kill_and_go_on(project, reference, KILLS[request.param], SEED))


def test_every_rule_was_killed(killed):
    reference, _, kills = killed
    assert {kill.rule for kill in kills} == {job.rule for job in reference.jobs.values()}
    assert len(kills) in KILLS.values() and sum(KILLS.values()) >= 30


def test_nothing_half_written_is_in_the_place_of_an_artifact(killed):
    _, _, kills = killed
    assert not [kill for kill in kills if kill.wrong], f"seed {SEED}"


def test_the_end_is_that_of_a_run_without_a_kill_and_the_lineage_is_whole(killed):
    reference, project, kills = killed
    assert not reference.wrong_at_the_end(project), f"seed {SEED}: {kills}"


def test_the_harness_sees_what_is_wrong(killed):
    reference, project, _ = killed
    table, left = project.results / "targets.csv", project.results / "pareto" / ".writing.macs.parquet.x.parquet"
    whole = table.read_bytes()
    table.write_bytes(whole[:-1])
    left.touch()
    after_kill, at_the_end = reference.wrong_after_kill(project), reference.wrong_at_the_end(project)
    table.write_bytes(whole)
    left.unlink()
    assert after_kill == ("results/small/targets.csv",)
    assert {"results/small/targets.csv", "results/small/pareto/.writing.macs.parquet.x.parquet"} < set(at_the_end)


def test_kills_are_spread_over_rules_and_jobs(killed):
    reference, _, _ = killed
    plan = reference.plan(100, random.Random(0))
    rules = Counter[str]()
    for log, kills in plan.items():
        rules[reference.jobs[log].rule] += kills
    assert plan.total() == 100 and max(rules.values()) - min(rules.values()) <= 1
    assert len({log for log in plan if reference.jobs[log].rule == "search"}) > 1
