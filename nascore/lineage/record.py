"""What a lineage record says: one job's outputs, and everything that they were made from.

Records and environments are small JSON files that are named by the SHA-256 of their content, so a record that names
another one fixes its content too. `docs/lineage_schema.json` is made from these models.
"""

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from nascore.strict import Strict

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

SCHEMA_VERSION = 1
UNKNOWN = "unknown"


class Artifact(Strict):
    """A file or folder as it was when a job wrote or read it."""

    name: str | None = Field(description="Its name in the rule, if it has one.")
    path: str = Field(description="Path from the project's folder, or as the user gave it.")
    sha256: Sha256 | None = Field(
        description="Hash of its bytes; of a folder, over the sorted relative paths and hashes of its files. None for "
        "a folder of raw images: the manifest, which the job wrote, has the hash of each."
    )
    size: Annotated[int, Field(ge=0)] | None = Field(description="Bytes; of a folder, of all its files.")
    files: Annotated[int, Field(ge=0)] | None = Field(None, description="Number of files of a folder.")


class Input(Artifact):
    """What a job read."""

    record: Sha256 | None = Field(
        None, description="The record of the job that made it; None for a source, which no job made."
    )


class Seed(Strict):
    """What was random."""

    root: int | None = Field(description="The run's root seed, where the job has it as a parameter.")
    streams: dict[str, int] = Field(
        description="Streams drawn in the job's own process, as their names joined by `/`, and how often; numbers in a "
        "name are written `*`."
    )


class Code(Strict):
    """Which code ran."""

    fingerprint: str = Field(
        description="Hash of the parsed source that the rule reaches, and of the versions of what it imports."
    )
    commit: str = Field(description="Commit of git, or `unknown`.")
    state: Literal["clean", "dirty", "unknown"] = Field(description="Whether the code was as committed.")
    diff_sha256: Sha256 | None = Field(None, description="Hash of what a dirty tree adds to the commit.")


class Machine(Strict):
    """What it ran on; no name or address."""

    cpu: str = Field(description="Model of the processor.")
    cores: int = Field(description="Cores that the job could use.")
    gpu: str | None = Field(description="Model of the GPU, if the job had loaded torch and there is one.")
    system: str = Field(description="Operating system and its release.")


class Environment(Strict):
    """Versions and machine; many records share one."""

    kind: Literal["environment"] = "environment"
    schema_version: Literal[1] = 1
    python: str = Field(description="Version of Python.")
    lock_sha256: Sha256 | None = Field(description="Hash of requirements.lock, None where there is none.")
    packages: dict[str, str] = Field(
        description="Installed version of each locked package; without a lock, of every installed one."
    )
    machine: Machine = Field(description="What it ran on.")


class Record(Strict):
    """One job that ended well."""

    kind: Literal["record"] = "record"
    schema_version: Literal[1] = 1
    rule: str = Field(description="Rule of the workflow.")
    script: str = Field(description="The rule's script, from the project's folder.")
    wildcards: dict[str, str] = Field(description="What the job's wildcards stand for.")
    outputs: list[Artifact] = Field(description="What it wrote.")
    inputs: list[Input] = Field(description="What it read.")
    params: dict[str, Any] = Field(description="The rule's parameters, without secrets; the code is under `code`.")
    seed: Seed = Field(description="What was random.")
    code: Code = Field(description="Which code ran.")
    environment: Sha256 = Field(description="The file with versions and machine.")
    threads: int = Field(description="Threads that the job had.")
    bit_for_bit: bool = Field(
        description="Whether a repetition on the same kind of machine gives the same bytes; not promised on a GPU, nor "
        "of measured times."
    )
    start: str = Field(description="When the job began, UTC.")
    end: str = Field(description="When it ended, UTC.")
    seconds: float = Field(description="Time between the two.")
    exit: Literal[0] = Field(0, description="Status; a job that failed has no record.")

    @property
    def title(self) -> str:
        """Return the rule and what its wildcards stand for."""
        stands = ", ".join(f"{name}={value}" for name, value in self.wildcards.items())
        return f"{self.rule} ({stands})" if stands else self.rule


def content(document: Record | Environment) -> bytes:
    """Return the bytes of a record's file."""
    return (json.dumps(document.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n").encode()


def identity(content: bytes) -> str:
    """Return the hash that names a record's file."""
    return hashlib.sha256(content).hexdigest()


def json_schema() -> str:
    """Return the JSON schema of the files in `lineage/records` and `lineage/environments`."""
    schema = TypeAdapter(Annotated[Record | Environment, Field(discriminator="kind")]).json_schema()
    return json.dumps({"title": "Lineage of nascore", **schema}, indent=2, ensure_ascii=False) + "\n"
