"""How many jobs run again after the words of a message were mended, in each of 20 modules: none should.

    python benchmarks/mended_messages.py

Runs a small workflow on images to its end in a temporary folder. Then, one module after the other, it changes the words
of a message in the copied package, asks the workflow what it would do, and takes the change back.
"""

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from small_configs import IMAGES_CONFIG  # noqa: E402
from small_project import Project, finished_project_in  # noqa: E402

N_MODULES = 20
MESSAGE = re.compile(r'raise \w+\(\s*f?"(?=[^"\n{}\\]{6,})')
"""The beginning of a message, at its first word."""


def messages(project: Project) -> dict[str, int]:
    """Return modules that raise an error, with the place of a message in each, spread over all packages."""
    found = {}
    for path in sorted((project.folder / "nascore").rglob("*.py")):
        name = path.relative_to(project.folder).as_posix()
        match = MESSAGE.search(path.read_text())
        if match and not name.startswith(("nascore/cli", "nascore/lineage", "nascore/versioning")):
            found[name] = match.end()
    names = list(found)
    return {name: found[name] for name in names[:: len(names) // N_MODULES][:N_MODULES]}


def jobs_after(project: Project, name: str, place: int) -> int:
    """Return how many jobs would run after a message was mended; the change is taken back."""
    text = (project.folder / name).read_text()
    project.replace(name, f"{text[:place]}mended: {text[place:]}")
    planned = project.planned()
    project.replace(name, text)
    return sum(planned.values())


def main() -> None:
    """Print a line for each module, and fail if anything would run again."""
    with TemporaryDirectory() as folder:
        project = finished_project_in(Path(folder) / "project", IMAGES_CONFIG)
        project.edit("nascore/errors.py", "Valid: ", "Known: ")
        counts = {"nascore/errors.py": sum(project.planned().values())}
        for name, place in messages(project).items():
            counts[name] = jobs_after(project, name, place)
    for name, count in counts.items():
        print(f"{count:4}  {name}")
    print(f"{sum(counts.values())} jobs after {len(counts)} changes")
    sys.exit(sum(counts.values()) > 0)


if __name__ == "__main__":
    main()
