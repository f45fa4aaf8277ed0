"""A run as RO-Crate: what other tools read to know what was done, in the terms of the Workflow Run profile.

https://w3id.org/ro/wfrun/workflow/0.5: one action for the whole workflow, and one per job, each with what it read, what
it made and its parameters. The artifacts of the run, its lineage and the workflow itself are in the crate; images and
tables are not, they are named by their hashes.
"""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nascore.errors import DataError
from nascore.files import replacing
from nascore.lineage.history import Run
from nascore.lineage.ledger import FOLDER
from nascore.lineage.record import UNKNOWN, Artifact, Record

if TYPE_CHECKING:
    from rocrate.model.contextentity import ContextEntity
    from rocrate.model.entity import Entity
    from rocrate.rocrate import ROCrate

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
"""The term of the profile beyond those of RO-Crate, in the crate itself so that nothing more is fetched to read it."""

FORMATS = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".py": "text/x-python",
    ".smk": "text/plain",
    ".svg": "image/svg+xml",
}
BINARY = "application/octet-stream"
DONE = "http://schema.org/CompletedActionStatus"

LICENSE = "https://spdx.org/licenses/Apache-2.0"
WORKFLOW = "Snakefile"


def export(run: Run, code_folder: Path, output: Path) -> int:
    """Write a crate and return the number of its entities.

    Parameters
    ----------
    run
        The run.
    code_folder
        Where the workflow is.
    output
        A folder, which must not exist yet, or a file ``.zip``.

    Raises
    ------
    DataError
        If there is nothing to export, something recorded is missing, or the crate cannot be written.
    """
    try:
        from rocrate.rocrate import ROCrate
    except ImportError:
        raise DataError("a crate needs the package rocrate; `make env` installs it") from None
    if output.suffix != ".zip" and output.exists():
        raise DataError(f"{output} exists; a crate is written to a new folder or to a .zip")
    jobs = dict(sorted(run.jobs().items(), key=lambda job: (job[1].start, job[0])))
    if not jobs:
        raise DataError(f"run {run.folder.name!r} has no readable record; `nascore audit {run.folder.name}` says why")
    crate = ROCrate(version="1.1")
    _Exporter(run, code_folder, crate).fill(jobs)
    _write(crate, output)
    return len(crate.get_entities())


def _write(crate: "ROCrate", output: Path) -> None:
    """Write whole or not at all."""
    if output.suffix == ".zip":
        with replacing(output) as temporary:
            crate.write_zip(temporary)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as folder:
        crate.write(Path(folder) / "crate")
        (Path(folder) / "crate").rename(output)


class _Exporter:
    """Fills a crate with a run."""

    def __init__(self, run: Run, code_folder: Path, crate: "ROCrate") -> None:
        self.run = run
        self.code_folder = code_folder
        self.crate = crate
        self._entities: dict[str, Entity] = {}

    def fill(self, jobs: dict[str, Record]) -> None:
        """Add workflow, artifacts, actions and lineage."""
        self._root(jobs)
        workflow = self._workflow()
        actions = [self._job(name, record) for name, record in jobs.items()]
        self.crate.root_dataset["mentions"] = [self._whole(workflow, jobs), *actions]
        lineage = self.run.folder / FOLDER
        properties = {"name": "Lineage records", "description": "One JSON file per job, named by its SHA-256."}
        self.crate.add_directory(self.run.project / lineage, lineage.as_posix(), properties=properties)

    def _root(self, jobs: dict[str, Record]) -> None:
        """Say what the crate is."""
        name = self.run.folder.name
        root = self.crate.root_dataset
        self.crate.metadata.extra_terms.update(TERMS)
        self.crate.name = f"Run {name} of nascore"
        self.crate.description = f"Neural architecture search: artifacts, lineage and workflow of run {name}."
        license_name = {"@type": "CreativeWork", "name": "Apache License 2.0"}
        self.crate.license = self._context(LICENSE, license_name)
        root["datePublished"] = max(record.end for record in jobs.values())
        root["conformsTo"] = [
            self._context(uri, {"@type": "CreativeWork", "name": title, "version": version})
            for uri, (title, version) in PROFILES.items()
        ]

    def _workflow(self) -> "Entity":
        """Add the Snakefile and the code beside it that it needs."""
        workflow = self.crate.add_workflow(
            self.code_folder / WORKFLOW, WORKFLOW, main=True, lang="snakemake", properties={"name": "nascore"}
        )
        for folder in ("rules", "workflow_scripts"):
            for file in sorted((self.code_folder / folder).glob("*.*")):
                path = f"{folder}/{file.name}"
                kind = {"@type": ["File", "SoftwareSourceCode"], "name": path, "encodingFormat": _format(path)}
                self._entities[path] = self.crate.add_file(file, path, properties=kind)
        return workflow

    def _whole(self, workflow: "Entity", jobs: dict[str, Record]) -> "Entity":
        """Add the action of the whole workflow: from what was given to what no other job reads."""
        read = {entry.path for record in jobs.values() for entry in record.inputs}
        made = [entry for record in jobs.values() for entry in record.outputs if entry.path in self.run.made]
        given = {e.path: e for record in jobs.values() for e in record.inputs if e.record is None}
        return self.crate.add_action(
            workflow,
            identifier="#run",
            object=[self._artifact(entry) for entry in given.values()],
            result=[self._artifact(entry) for entry in made if entry.path not in read],
            properties={
                "name": f"Run {self.run.folder.name}",
                "description": "The whole workflow, from what was given to what no other job reads.",
                "startTime": min(record.start for record in jobs.values()),
                "endTime": max(record.end for record in jobs.values()),
                "actionStatus": DONE,
            },
        )

    def _job(self, name: str, record: Record) -> "Entity":
        """Add the action of one job."""
        inputs = [self._artifact(entry) for entry in record.inputs]
        facts = {**record.params, "seed": record.seed.root, "code fingerprint": record.code.fingerprint}
        facts |= {"git commit": record.code.commit} if record.code.commit != UNKNOWN else {}
        given = [self._value(name, key, value) for key, value in facts.items() if value is not None]
        instrument = self._entities.get(record.script) or self._context(
            f"#{record.script}", {"@type": "SoftwareApplication", "name": record.script}
        )
        return self.crate.add_action(
            instrument,
            identifier=f"#{name}",
            object=[*inputs, *given],
            result=[self._artifact(entry) for entry in record.outputs],
            properties={
                "name": f"Rule {record.title}",
                "description": f"One job of the workflow: {record.script}, code {record.code.fingerprint}.",
                "startTime": record.start,
                "endTime": record.end,
                "actionStatus": DONE,
            },
        )

    def _artifact(self, entry: Artifact) -> "Entity":
        """Add a file or folder once: with its content if it is the run's, by its hash if it is not."""
        if entry.path in self._entities:
            return self._entities[entry.path]
        facts: dict[str, Any] = {"name": entry.path}
        facts |= {"sha256": entry.sha256} if entry.sha256 else {"description": "Raw images, hashed in the manifest."}
        sized = {"contentSize": str(entry.size), "encodingFormat": _format(entry.path)}
        inside = entry.path.startswith(f"{self.run.folder}/")
        source = self.run.project / entry.path
        if inside and not source.exists():
            raise DataError(f"{entry.path} is recorded and missing; `nascore audit {self.run.folder.name}` says more")
        if inside and source.is_dir():
            made = self.crate.add_directory(source, entry.path, properties=facts)
        elif inside:
            made = self.crate.add_file(source, entry.path, properties={**facts, **sized})
        else:
            made = self._context(f"#{entry.path}", {"@type": "CreativeWork", **facts})
        self._entities[entry.path] = made
        return made

    def _value(self, record: str, key: str, value: Any) -> "Entity":
        """Add a parameter of a job."""
        written = value if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)
        properties = {"@type": "PropertyValue", "name": key, "value": written}
        return self._context(f"#{record}/{key.replace(' ', '-')}", properties)

    def _context(self, identifier: str, properties: dict[str, Any]) -> "ContextEntity":
        from rocrate.model.contextentity import ContextEntity

        return self.crate.add(ContextEntity(self.crate, identifier, properties=properties))


def _format(path: str) -> str:
    """Return the media type of a file by its ending."""
    return FORMATS.get(Path(path).suffix, BINARY)
