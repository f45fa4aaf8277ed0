"""Kills of the workflow at random moments of every rule, each gone on from, against a run without a kill.

    python benchmarks/kills.py --kills 200

Two small projects of the tests, one with images and one with published tables, are run to the end with these kills, up
to 100 in a round. After each kill no artifact may be there that is not what the uninterrupted run has; at the end of a
round every hash must be the same, the audit must pass, and no file may be left over or missing. Kills, and what is
wrong, go to the standard error as they come. Exits with 1 unless all kills end so.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from kill_harness import Kill, Reference, kill_and_go_on  # noqa: E402
from small_configs import CONFIG, IMAGES_CONFIG  # noqa: E402
from small_project import Project, new_project_in  # noqa: E402

ROUND = 100
"""Kills that one run of the workflow takes; a new one is begun for more."""

CONFIGS = {"images": IMAGES_CONFIG, "tables": CONFIG}


def new_project(folder: Path, name: str) -> Project:
    """Return a project in which nothing has run."""
    project = new_project_in(folder)
    project.configure(CONFIGS[name])
    return project


def references(folder: Path) -> dict[str, Reference]:
    """Run both projects without a kill."""
    found = {}
    for name in CONFIGS:
        project = new_project(folder / name, name)
        done = project.run(cores=1)
        if done.returncode:
            sys.exit(done.stdout)
        found[name] = Reference(project)
    return found


def shares(kills: int, references: dict[str, Reference]) -> list[tuple[str, int]]:
    """Return rounds as pairs of project and kills; each project gets as many as it has rules."""
    rules = {name: len({job.rule for job in reference.jobs.values()}) for name, reference in references.items()}
    of_images = round(kills * rules["images"] / sum(rules.values()))
    rounds = []
    for name, share in (("images", of_images), ("tables", kills - of_images)):
        rounds += [(name, min(ROUND, share - start)) for start in range(0, share, ROUND)]
    return rounds


def say(*lines: str) -> None:
    """Print lines on the standard error at once."""
    print(*lines, sep="\n", file=sys.stderr, flush=True)


def main() -> int:
    """Kill, print one table, and say whether all kills were without harm."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=6)
    options = parser.parse_args()
    start = time.perf_counter()
    kills, identical = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    with tempfile.TemporaryDirectory() as folder:
        whole = references(Path(folder) / "whole")
        for number, (name, count) in enumerate(shares(options.kills, whole)):
            project = new_project(Path(folder) / str(number), name)
            done = list[Kill]()
            for kill in kill_and_go_on(project, whole[name], count, options.seed + number):
                say(f"{name}: {kill.rule} killed {kill.moment}", *kill.wrong)
                done.append(kill)
            at_the_end = whole[name].wrong_at_the_end(project)
            say(f"{name}: {len(done)} kills, at the end {len(at_the_end)} things are wrong", *at_the_end)
            kills.update((name, kill.rule) for kill in done)
            identical.update((name, kill.rule) for kill in done if not kill.wrong and not at_the_end)
    print(f"{'project':<10}{'rule':<24}{'kills':>6}{'identical':>11}")
    for name, rule in sorted(kills):
        print(f"{name:<10}{rule:<24}{kills[name, rule]:>6}{identical[name, rule]:>11}")
    print(f"{'all':<34}{kills.total():>6}{identical.total():>11}   to reach: {options.kills} of {options.kills}")
    print(f"{(time.perf_counter() - start) / 60:.1f} minutes, seed {options.seed}")
    return int(identical.total() != options.kills)


if __name__ == "__main__":
    sys.exit(main())
