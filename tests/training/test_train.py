import re
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pandas as pd
import pytest
import torch
from messages import facts

from nascore.errors import ConfigError, DataError
from nascore.results.table import Table
from nascore.supernet.checkpoint import load_supernet, read_facts
from nascore.training import train
from nascore.training.train import SubnetMonitor, train_phase

CPU = torch.device("cpu")
COLUMNS = ["phase", "epoch", "step", "images", "learning_rate", "loss", "accuracy_largest", "accuracy_smallest"]
EPOCHS = 2


class Killed(BaseException):
    """Ends a training as no error of the project does."""


@pytest.fixture(scope="module")
def job_of(make_job):
    return lambda folder, **changes: make_job(folder, **{"epochs": EPOCHS, "monitor_images": 4, **changes})


@pytest.fixture(scope="module")
def finished(job_of, tmp_path_factory):
    """Return the job of an uninterrupted training."""
    job = job_of(tmp_path_factory.mktemp("finished"))
    state = torch.get_rng_state()
    train_phase(job)
    assert torch.equal(torch.get_rng_state(), state)
    return job


def same_results(job, other) -> bool:
    return all(getattr(job, file).read_bytes() == getattr(other, file).read_bytes() for file in ("checkpoint", "curve"))


# -- results -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_a_phase_leaves(finished, store):
    curve = pd.read_parquet(finished.curve)
    assert curve.columns.tolist() == COLUMNS
    assert curve["epoch"].tolist() == [1, 2] and curve["step"].tolist() == [2, 4]
    assert curve[["accuracy_largest", "accuracy_smallest"]].isin([0, 0.25, 0.5, 0.75, 1]).all(axis=None)
    assert read_facts(finished.checkpoint) == {"phase": "sandwich", **store.facts}
    load_supernet(finished.checkpoint, finished.build_space())
    assert sorted(path.name for path in finished.checkpoint.parent.iterdir()) == [
        "curve.parquet",
        "supernet.safetensors",
    ]


@pytest.mark.slow
def test_an_unwatched_training_has_the_same_weights(finished, job_of, tmp_path):
    job = job_of(tmp_path, monitor_images=0)
    train_phase(job)
    assert job.checkpoint.read_bytes() == finished.checkpoint.read_bytes()
    curve = pd.read_parquet(job.curve)
    assert curve.columns.tolist() == COLUMNS and curve[COLUMNS[-2:]].isna().all(axis=None)


@pytest.mark.slow
def test_progressive_shrinking_goes_from_phase_to_phase(make_job, store, tmp_path):
    start = None
    for phase in ("largest", "expand_1"):
        options = {"strategy": "progressive_shrinking", "epochs": 1, "batch_size": 19, "learning_rate": 1e-4}
        job = make_job(tmp_path / phase, phase=phase, start=start, **options)
        train_phase(job)
        assert read_facts(job.checkpoint) == {"phase": phase, **store.facts}
        assert pd.read_parquet(job.curve)["phase"].tolist() == [phase]
        start = job.checkpoint
    weight = load_supernet(start, job.build_space()).blocks[3].mobile_inverted_conv.point_linear.conv.conv.weight
    importance = weight.detach().abs().sum((0, 2, 3))
    # Sorted before the first step, of a learning rate that moves weights little.
    assert importance.diff().max() < 0.05 * importance.max()


# -- killed and gone on ------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_training_that_is_killed_again_and_again_ends_in_the_same_bits(
    finished, job_of, tmp_path, monkeypatch, capsys
):
    """In its first epoch, in its second one, and after the last: no epoch that is done is trained again."""
    job, measured = job_of(tmp_path), []
    real = SubnetMonitor.__call__

    def killed(self, supernet):
        measured.append(1)
        if len(measured) in (1, 3):
            raise Killed
        return real(self, supernet)

    with monkeypatch.context() as patch:
        patch.setattr(SubnetMonitor, "__call__", killed)
        patch.setattr(Table, "write", lambda *_: (_ for _ in ()).throw(Killed))
        for n_measured, resumes in ((1, False), (3, True), (4, True)):
            with pytest.raises(Killed):
                train_phase(job)
            assert len(measured) == n_measured
            assert job.resume.exists() == resumes and not job.curve.exists()
    monkeypatch.setattr(train.Trainer, "_epoch", lambda *_: pytest.fail("an epoch was trained again"))
    capsys.readouterr()
    train_phase(job)
    assert re.match(facts("phase sandwich", "epoch 2"), capsys.readouterr().out)
    assert same_results(job, finished) and not job.resume.exists()


@pytest.mark.long
def test_a_process_that_is_really_killed(finished, job_of, tmp_path):
    job, file = job_of(tmp_path), tmp_path / "job.json"
    file.write_text(job.model_dump_json())
    process = subprocess.Popen([sys.executable, "-m", "nascore.training", str(file)], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while not job.resume.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
    finally:
        process.kill()
    assert process.wait() == -signal.SIGKILL
    assert job.resume.exists() and not job.curve.exists()
    train_phase(job)
    assert same_results(job, finished)


@pytest.mark.slow
def test_a_full_disk_keeps_the_checkpoint_before(finished, job_of, tmp_path):
    job = job_of(tmp_path, epochs=1)
    job.checkpoint.write_bytes(finished.checkpoint.read_bytes())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(DataError, match=facts(job.resume, "File too large")):
            train_phase(job)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in tmp_path.iterdir()] == ["supernet.safetensors"]
    assert job.checkpoint.read_bytes() == finished.checkpoint.read_bytes()


# -- mistakes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"phase": "sandwhich"}, ConfigError, ("phase", "'sandwhich'", "'sandwich'")),
        ({"phase": "largest"}, ConfigError, ("phase", "'largest'", "sandwich")),
        ({"device": "gpu"}, ConfigError, ("device", "'gpu'", "auto, cpu, cuda")),
        ({"images": "nowhere"}, DataError, ("nowhere/manifest.json",)),
        ({"start": "none"}, DataError, ("none", "safetensors")),
    ],
)
def test_mistakes_are_named(job_of, tmp_path, change, error, message):
    job = job_of(tmp_path).model_validate({**job_of(tmp_path).model_dump(), **change})
    with pytest.raises(error, match=facts(*message)):
        train_phase(job)


def test_another_number_of_processes_than_the_training_is_for(job_of, tmp_path, monkeypatch):
    with pytest.raises(
        ConfigError, match=facts("training.processes", 2, "torchrun", 1, "nascore.training.launch.run_phase")
    ):
        train_phase(job_of(tmp_path, processes=2))
    # As in a cluster job, whose processes have nothing to do with this training.
    monkeypatch.setenv("WORLD_SIZE", "8")
    with pytest.raises(ConfigError, match=facts("training.processes", 2, "torchrun", 1)):
        train_phase(job_of(tmp_path, processes=2))


@pytest.mark.slow
def test_the_learning_curve_is_of_calibrated_subnets(finished, store):
    job = finished.model_copy(update={"options": finished.options.model_copy(update={"monitor_images": 6})})
    supernet = load_supernet(finished.checkpoint, finished.build_space())
    first = SubnetMonitor(store, job, CPU)(supernet)
    for value in (value for name, value in supernet.named_buffers() if "running" in name):
        value.fill_(3.0)
    assert replace(SubnetMonitor(store, job, CPU))(supernet.train()) == first
