"""A project whose lineage was recorded by hand: three jobs, without the workflow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nascore.files import write_json
from nascore.lineage.fingerprint import fingerprint
from nascore.lineage.hashing import hash_content
from nascore.lineage.history import Run
from nascore.lineage.recording import Job, Recording

SCRIPTS = ("import_tables", "fit_predictor", "search", "summarize")


class SmallRun:
    """Records jobs in the working directory, as the workflow's wrapper does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.results = Path("results/small")
        (folder / "nascore").mkdir()
        (folder / "nascore" / "__init__.py").write_text("")
        for script in SCRIPTS:
            self.write(f"workflow_scripts/{script}.py", f"run({script!r})\n")
        self.write("tables/a.json", "[1]")

    def write(self, path: str | Path, content: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(content)

    def job(self, rule: str, outputs: dict[str, str], inputs: list[str], **changes: Any) -> str:
        """Record a job that writes texts to paths."""
        params = {"code": fingerprint(self.folder, f"workflow_scripts/{rule}.py"), **changes.pop("params", {})}
        described = Job(
            rule=rule, script=f"workflow_scripts/{rule}.py", code_folder=self.folder, results=self.results,
            wildcards=changes.pop("wildcards", {}), params=params, inputs=[(None, path) for path in inputs],
            outputs=[(None, path) for path in outputs], given=changes.pop("given", []),
        )  # fmt: skip
        recording = Recording.begin(described)
        for path, content in outputs.items():
            self.write(path, content)
        return recording.end()

    def whole(self, *, seed: int = 0, limit: float = 30.0) -> None:
        """Record a run from a table to the CSV table of targets."""
        base = self.results
        self.job("import_tables", {f"{base}/dataset.parquet": "rows"}, ["tables/a.json"])
        self.job(
            "fit_predictor", {f"{base}/predictor.bin": f"fit {seed}"}, [f"{base}/dataset.parquet"],
            params={"seed": seed, "options": {"published_code": 1}}, wildcards={"predictor": "contributions"},
        )  # fmt: skip
        result = f"{base}/search/macs/exact/result.json"
        self.job(
            "search", {result: f"{seed} {limit}"}, [f"{base}/predictor.bin"],
            params={"target": {"macs_m": limit}, "seed": seed}, wildcards={"target": "macs", "searcher": "exact"},
        )  # fmt: skip
        table = "target,subnet,searcher,predicted_accuracy,macs\nmacs,winner,exact,0.9207951,42695104.0\n"
        self.job("summarize", {f"{base}/targets.csv": table}, [result])

    def open(self) -> Run:
        return Run.open(self.results.name, self.folder)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallRun:
    """An empty project, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    return SmallRun(tmp_path)


@pytest.fixture
def recorded(small: SmallRun) -> SmallRun:
    """A run that has been recorded."""
    small.whole()
    return small


@pytest.fixture
def image_store(small: SmallRun) -> Callable[[], None]:
    """Return what records the making of a small image store from raw images."""

    def make() -> None:
        small.write("pets/cat/1.png", "cat")
        small.write("pets/dog/1.png", "dog")
        entries = [
            {"name": n, "sha256": hash_content(small.folder / "pets" / n).sha256} for n in ("cat/1.png", "dog/1.png")
        ]
        manifest = small.folder / "manifest.tmp"
        write_json(manifest, {"splits": {"train": entries[:1], "test": entries[1:]}})
        store = {"data/pets/manifest.json": manifest.read_text(), "data/pets/images/a.npy": "pixels"}
        params = {"options": {"source": "image_folder"}, "seed": 0}
        small.job("prepare_images", store, [], params=params, given=[("images", "pets")])
        small.job("train_phase", {"results/small/supernet.bin": "weights"}, list(store))

    for script in ("prepare_images", "train_phase"):
        small.write(f"workflow_scripts/{script}.py", "")
    return make
