"""A workflow that is killed at random moments of every stage loses nothing and accepts nothing half-written.

`make test` kills one job, of another rule and at another moment with every commit; `make test-faults` kills jobs of
all rules, and benchmarks/kills.py does so 200 times.
"""

import random
import shutil
from collections import Counter

import pytest
from kill_harness import Reference, kill_and_go_on
from small_project import copy_of, new_project_in, seed_of_commit

SEED = 6
KILLS = {"_finished": 12, "_finished_images": 20}
"""At least one for each of the 11 and 19 rules."""


def test_a_kill_does_no_harm(request, tmp_path):
    """Another one with every commit."""
    seed = seed_of_commit()
    whole = request.getfixturevalue([*KILLS][seed % len(KILLS)])
    reference = Reference(whole)
    with copy_of(whole, tmp_path / "project") as project:
        kills = list(kill_and_go_on(project, reference, 1, seed))
        assert len(kills) == 1 and not kills[0].wrong, f"seed {seed}: {kills}"
        assert not reference.wrong_at_the_end(project), f"seed {seed}: {kills}"


def test_the_harness_sees_what_is_wrong(finished_project):
    reference = Reference(finished_project)
    cut, left = "targets.csv", "pareto/.writing.macs.parquet.x.parquet"
    finished_project.replace(f"results/small/{cut}", (finished_project.results / cut).read_bytes()[:-1])
    (finished_project.results / left).touch()
    assert reference.wrong_after_kill(finished_project) == (f"results/small/{cut}",)
    assert {f"results/small/{cut}", f"results/small/{left}"} < set(reference.wrong_at_the_end(finished_project))


def test_kills_are_spread_over_rules_and_jobs(_finished):
    reference = Reference(_finished)
    plan = reference.plan(100, random.Random(0))
    rules = Counter[str]()
    for log, kills in plan.items():
        rules[reference.jobs[log].rule] += kills
    assert plan.total() == 100 and max(rules.values()) - min(rules.values()) <= 1
    assert len({log for log in plan if reference.jobs[log].rule == "search"}) > 1


@pytest.mark.long
@pytest.mark.parametrize("finished", KILLS)
def test_no_kill_does_harm(finished, request, tmp_path):
    whole = request.getfixturevalue(finished)
    reference, project = Reference(whole), new_project_in(tmp_path / "project")
    shutil.copy(whole.folder / "config.yaml", project.folder)
    kills = list(kill_and_go_on(project, reference, KILLS[finished], SEED))
    assert {kill.rule for kill in kills} == {job.rule for job in reference.jobs.values()}
    assert len(kills) == KILLS[finished]
    assert not [kill for kill in kills if kill.wrong], f"seed {SEED}"
    assert not reference.wrong_at_the_end(project), f"seed {SEED}: {kills}"
