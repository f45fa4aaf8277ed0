import re

import numpy as np
import pandas as pd
import pytest
import torch
from messages import facts

from nascore.errors import ConfigError, DataError, TrainingError
from nascore.results.training import FINETUNING_CURVE
from nascore.spaces import get_space
from nascore.supernet import build_supernet
from nascore.supernet.checkpoint import load_subnet, read_facts, save_subnet, save_supernet
from nascore.supernet.initialise import initialise
from nascore.training.finetune import AloneMonitor, finetune, nothing_to_finetune, only
from nascore.training.loop import Trainer

BINAS = {"name": "binas", "resolutions": [32], "n_classes": 2}


class Killed(BaseException):
    """Ends a training as no error of the project does."""


def write_start(folder, space, genes):
    """Write a supernet's checkpoint and one of its subnets, and return both paths."""
    supernet = build_supernet(space)
    initialise(supernet, 5)
    teacher, start = folder / "teacher.safetensors", folder / "start.safetensors"
    save_supernet(teacher, supernet, {"phase": "sandwich"})
    save_subnet(start, supernet.subnet(genes), {"target": "t", "checkpoint_sha256": "ab"})
    return teacher, start


@pytest.fixture(scope="module")
def saved(small_space, tmp_path_factory):
    return write_start(tmp_path_factory.mktemp("saved"), small_space, small_space.smallest())


@pytest.fixture(scope="module")
def job_of(make_job, saved):
    """Return a function that makes a job whose files go to a folder; `changes` are fields of the job."""

    def make(folder, changes=None, **options):
        teacher, start = saved
        files = {"checkpoint": folder / "weights" / "winner.safetensors", "start": start, "teacher": teacher}
        job = make_job(folder, phase="finetuning", learning_rate=1e-3, **{"monitor_images": 4, **options})
        return job.model_copy(update={**files, **(changes or {})})

    return make


@pytest.fixture(scope="module")
def finished(job_of, tmp_path_factory):
    job = job_of(tmp_path_factory.mktemp("finished"))
    finetune(job)
    return job


@pytest.mark.slow
def test_what_it_leaves(finished, store, small_space):
    curve = pd.read_parquet(finished.curve)
    assert curve.columns.tolist() == list(FINETUNING_CURVE.columns) and set(curve["phase"]) == {"finetuning"}
    assert curve["epoch"].tolist() == [1, 2] and curve["step"].tolist() == [2, 4]
    assert curve["accuracy"].isin([0, 0.25, 0.5, 0.75, 1]).all()
    own = {"target": "t", "checkpoint_sha256": "ab", "finetuned_epochs": "2"}
    assert read_facts(finished.checkpoint) == own | store.facts
    before, after = (load_subnet(path, small_space) for path in (finished.start, finished.checkpoint))
    assert after.arch_id == before.arch_id
    # All of it was trained, and the batch statistics are its own.
    for (name, old), (_, new) in zip(before.state_dict().items(), after.state_dict().items(), strict=True):
        assert name.endswith("num_batches_tracked") or not torch.equal(old, new), name
    assert sorted(path.name for path in finished.curve.parent.iterdir()) == ["curve.parquet", "weights"]


@pytest.mark.slow
def test_a_killed_job_gives_the_same_bytes(finished, job_of, tmp_path, monkeypatch, capsys):
    job, real, epochs = job_of(tmp_path / "killed"), AloneMonitor.__call__, []

    def killed(self, student):
        epochs.append(1)
        if len(epochs) == 2:
            raise Killed
        return real(self, student)

    with monkeypatch.context() as patch:
        patch.setattr(AloneMonitor, "__call__", killed)
        with pytest.raises(Killed):
            finetune(job)
    assert job.resume == tmp_path / "killed" / "resume.pt" and job.resume.exists() and not job.checkpoint.exists()
    finetune(job)
    assert re.match(facts("phase finetuning", "epoch 1", 2), capsys.readouterr().out)
    assert job.checkpoint.read_bytes() == finished.checkpoint.read_bytes()
    assert job.curve.read_bytes() == finished.curve.read_bytes() and not job.resume.exists()


@pytest.mark.slow
def test_watching_changes_nothing(finished, job_of, tmp_path):
    job = job_of(tmp_path, monitor_images=0)
    finetune(job)
    assert job.checkpoint.read_bytes() == finished.checkpoint.read_bytes()
    assert pd.read_parquet(job.curve)["accuracy"].isna().all()


@pytest.mark.slow
def test_the_teacher_and_the_seed_matter(finished, job_of, small_space, tmp_path):
    supernet = build_supernet(small_space)
    initialise(supernet, 6)
    save_supernet(tmp_path / "other.safetensors", supernet, {})
    for number, changes in enumerate(({"teacher": tmp_path / "other.safetensors"}, {"seed": 4})):
        job = job_of(tmp_path / str(number), changes, monitor_images=0)
        finetune(job)
        assert job.checkpoint.read_bytes() != finished.checkpoint.read_bytes()


@pytest.mark.slow
def test_a_binas_subnet(job_of, tmp_path):
    space = get_space(**BINAS)
    genes = space.sample(1, np.random.default_rng(2))[0]
    teacher, start = write_start(tmp_path, space, genes)
    changes = {"space": BINAS, "teacher": teacher, "start": start}
    job = job_of(tmp_path / "out", changes, epochs=1, batch_size=16, monitor_images=0)
    finetune(job)
    subnet = load_subnet(job.checkpoint, space)
    assert (subnet.genes == genes).all()
    assert not torch.equal(subnet.first_conv.conv.weight, load_subnet(start, space).first_conv.conv.weight)


@pytest.mark.slow
def test_only_one_architecture_is_left(small_space, finished):
    subnet = load_subnet(finished.start, small_space)
    space = only(subnet)
    assert space.size() == 1
    assert (space.sample(3, np.random.default_rng(0)) == subnet.genes).all()


@pytest.mark.slow
def test_a_lost_training_names_its_own_section(job_of, tmp_path, monkeypatch):
    monkeypatch.setattr(Trainer, "_gradients", lambda *_: torch.tensor(float("nan")))
    message = ("loss", "nan", "step 1", "'finetuning'", "epoch 1", "finetuning.learning_rate", 0.001)
    with pytest.raises(TrainingError, match=facts(*message)):
        finetune(job_of(tmp_path))
    assert not list(tmp_path.rglob("*.safetensors"))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"start": None}, ConfigError, ("start", "subnet")),
        ({"teacher": None}, ConfigError, ("teacher", "checkpoint")),
        ({"device": "gpu"}, ConfigError, ("device", "'gpu'", "auto, cpu, cuda")),
        ({"space": {**BINAS, "n_classes": 2}}, DataError, ("start.safetensors", "space", "'ofa_mcunet'", "'binas'")),
    ],
)
def test_mistakes_are_named(job_of, tmp_path, change, error, message):
    with pytest.raises(error, match=facts(*message)):
        finetune(job_of(tmp_path, change))


def test_the_subnet_and_the_teacher_are_not_mixed_up(job_of, saved, tmp_path):
    with pytest.raises(DataError, match=facts(saved[0], "kind", "'supernet'", "'subnet'")):
        finetune(job_of(tmp_path, {"start": saved[0]}))


def test_a_target_without_a_winner(tmp_path):
    nothing_to_finetune(tmp_path / "weights", tmp_path / "curve.parquet")
    assert not list((tmp_path / "weights").iterdir())
    curve = pd.read_parquet(tmp_path / "curve.parquet")
    assert curve.columns.tolist() == list(FINETUNING_CURVE.columns) and curve.empty
