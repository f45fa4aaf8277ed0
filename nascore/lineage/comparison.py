"""Why two runs differ: differing artifacts are followed upstream to the first differing causes."""

from dataclasses import asdict, dataclass, field
from typing import Any

from nascore.lineage.fingerprint import source_part
from nascore.lineage.history import Run, compact
from nascore.lineage.record import UNKNOWN, Environment, Record


@dataclass
class Cause:
    """One difference, and the jobs that have it themselves."""

    kind: str
    what: str
    first: str
    second: str
    jobs: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    """What differs between two runs, and why."""

    runs: tuple[str, str]
    differing: list[str]
    same: int
    only: tuple[list[str], list[str]]
    causes: list[Cause]

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return asdict(self)


def compare(first: Run, second: Run) -> Comparison:
    """Compare two runs, artifact by artifact of the same place in both."""
    places = [_places(run) for run in (first, second)]
    both = [place for place in places[0] if place in places[1]]
    pairs = {place: (places[0][place], places[1][place]) for place in both}
    differing = [place for place, (a, b) in pairs.items() if first.pointers[a].sha256 != second.pointers[b].sha256]
    search = _Search(first, second)
    for place in differing:
        a, b = (run.pointers[path] for run, path in zip((first, second), pairs[place], strict=True))
        search.follow(a.record, b.record, place)
    return Comparison(
        runs=(first.folder.name, second.folder.name),
        differing=differing,
        same=len(both) - len(differing),
        only=tuple([place for place in mine if place not in other] for mine, other in (places, places[::-1])),  # type: ignore[arg-type]
        causes=list(search.causes.values()),
    )


def _place(run: Run, path: str) -> str:
    """Return a path without the name of its run."""
    return path.removeprefix(f"{run.folder}/")


def _places(run: Run) -> dict[str, str]:
    """Return the paths that the run's jobs made, by their places; timings differ always and are left out."""
    return {place: path for path in run.made if not (place := _place(run, path)).startswith("benchmarks/")}


class _Search:
    """Walks two runs upstream side by side."""

    def __init__(self, first: Run, second: Run) -> None:
        self.first = first
        self.second = second
        self.causes: dict[tuple[str, str, str, str], Cause] = {}
        self._seen: set[tuple[str | None, str | None]] = set()

    def follow(self, a: str | None, b: str | None, place: str) -> None:
        """Note what two jobs differ in themselves, and go on to the inputs that differ."""
        waiting = [(a, b, place)]
        while waiting:
            a, b, place = waiting.pop()
            if (a, b) in self._seen or a == b:
                continue
            self._seen.add((a, b))
            records = self.first.record(a) if a else None, self.second.record(b) if b else None
            if records[0] is None or records[1] is None:
                self._note(
                    "lineage", "record of", place if records[0] else "none", place if records[1] else "none", place
                )
                continue
            waiting += self._pair(records[0], records[1])

    def _pair(self, a: Record, b: Record) -> list[tuple[str | None, str | None, str]]:
        """Note the differences of two jobs; return the producers of differing inputs."""
        before = len(self.causes), sum(len(cause.jobs) for cause in self.causes.values())
        upstream: list[tuple[str | None, str | None, str]] = []
        inputs = [
            {_place(run, i.path): i for i in record.inputs} for run, record in ((self.first, a), (self.second, b))
        ]
        for place in dict.fromkeys([*inputs[0], *inputs[1]]):
            one, other = inputs[0].get(place), inputs[1].get(place)
            if one is None or other is None:
                self._note(
                    "data", f"input {place}", "read" if one else "not read", "read" if other else "not read", a.title
                )
            elif one.sha256 != other.sha256:
                if one.record is None or other.record is None:
                    self._note("data", place, (one.sha256 or "?")[:12], (other.sha256 or "?")[:12], a.title)
                upstream.append((one.record, other.record, place))
        self._own(a, b)
        after = len(self.causes), sum(len(cause.jobs) for cause in self.causes.values())
        if before == after and not upstream:
            self._chance(a, b)
        return [(x, y, place) for x, y, place in upstream if x and y]

    def _own(self, a: Record, b: Record) -> None:
        """Note parameters, code and versions that differ."""
        for key in dict.fromkeys([*a.params, *b.params]):
            for name, one, other in _leaves(key, a.params.get(key), b.params.get(key)):
                self._note("parameter", name, compact(one), compact(other), a.title)
        # Where only the versions of packages differ, they are named below.
        if source_part(a.code.fingerprint) != source_part(b.code.fingerprint):
            one, other = (f"{r.code.fingerprint} (commit {r.code.commit[:12]}, {r.code.state})" for r in (a, b))
            self._note("code", f"rule {a.rule}", one, other, a.title)
        environments = self.first.environment(a), self.second.environment(b)
        if environments[0] and environments[1]:
            for name, before, after in _versions(environments[0], environments[1]):
                self._note("version", name, before, after, a.title)

    def _chance(self, a: Record, b: Record) -> None:
        """Note two jobs that had the same of everything and made different bytes."""
        one, other = self.first.environment(a), self.second.environment(b)
        machines = [
            f"{found.machine.cpu}, {found.machine.gpu or 'no GPU'}" if found else UNKNOWN for found in (one, other)
        ]
        what = "machine" if machines[0] != machines[1] else "not reproducible"
        self._note(what, f"same inputs, parameters, code and versions in {a.rule}", machines[0], machines[1], a.title)

    def _note(self, kind: str, what: str, first: str, second: str, job: str) -> None:
        cause = self.causes.setdefault((kind, what, first, second), Cause(kind, what, first, second))
        if job not in cause.jobs:
            cause.jobs.append(job)


def _leaves(name: str, a: object, b: object) -> list[tuple[str, object, object]]:
    """Return the smallest parts of a parameter that differ."""
    if a == b:
        return []
    if isinstance(a, dict) and isinstance(b, dict):
        keys = dict.fromkeys([*a, *b])
        return [leaf for key in keys for leaf in _leaves(f"{name}.{key}", a.get(key), b.get(key))]
    return [(name, a, b)]


def _versions(a: Environment, b: Environment) -> list[tuple[str, str, str]]:
    """Return Python and the packages whose versions differ."""
    one, other = ({"python": e.python, **e.packages} for e in (a, b))
    names = dict.fromkeys([*one, *other])
    pairs = ((name, one.get(name, "not locked"), other.get(name, "not locked")) for name in names)
    return [(name, before, after) for name, before, after in pairs if before != after]
