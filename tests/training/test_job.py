import pytest
import torch

from nascore.data.store import ImageStore
from nascore.training.job import PhaseJob

CPU = torch.device("cpu")


@pytest.fixture
def job(make_job, tmp_path):
    return make_job(tmp_path)


def test_a_job_can_be_written_down(job, store):
    again = PhaseJob.model_validate_json(job.model_dump_json())
    assert again == job and again.identity(store, CPU) == job.identity(store, CPU)
    assert again.build_space() == job.build_space()


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 4},
        {"code": "other"},
        {"calibration_images": 5},
        {"phase": "kernel"},
        {"space": {"name": "ofa_mcunet", "resolutions": [32], "n_classes": 2}},
        "options",
        "start",
        "teacher",
        "device",
    ],
)
def test_whatever_the_results_depend_on_is_in_the_identity(job, store, tmp_path, change):
    device = CPU
    if change == "options":
        change = {"options": job.options.model_copy(update={"threads": 2})}
    elif change in ("start", "teacher"):
        change = {change: tmp_path / "weights"}
        (tmp_path / "weights").write_bytes(b"weights")
    elif change == "device":
        change, device = {}, torch.device("cuda")
    assert job.model_copy(update=change).identity(store, device) != job.identity(store, CPU)


def test_where_files_are_is_not_in_the_identity(job, store, tmp_path):
    moved = {name: tmp_path / name for name in ("images", "checkpoint", "curve")}
    assert job.model_copy(update={**moved, "device": "auto"}).identity(store, CPU) == job.identity(store, CPU)


def test_other_images_are_another_training(job, store, tmp_path):
    (tmp_path / "manifest.json").write_text((store.folder / "manifest.json").read_text() + "\n")
    assert job.identity(ImageStore(tmp_path, store.manifest), CPU) != job.identity(store, CPU)
