import os
import pickle
import re
import resource
from pathlib import Path

import pytest
import torch
from messages import facts

from nascore.errors import DataError
from nascore.supernet import build_supernet
from nascore.training.optimiser import new_optimiser
from nascore.training.resume import ResumePoint

CURVE = [{"phase": "kernel", "epoch": 1, "loss": 0.5}]


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture(scope="module")
def trained(small_space):
    """Return a supernet and its optimiser after one step, not to be changed."""
    supernet = build_supernet(small_space)
    optimiser = new_optimiser(supernet, 0.1)
    for parameter in supernet.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimiser.step()
    return supernet, optimiser


@pytest.fixture(scope="module")
def saved(trained, tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("resume") / "resume.pt"
    ResumePoint(path, "this training").save(1, *trained, CURVE)
    return path.read_bytes()


@pytest.fixture(scope="module")
def new(small_space):
    supernet = build_supernet(small_space)
    return supernet, new_optimiser(supernet, 0.1)


@pytest.mark.slow
def test_a_state_comes_back(trained, saved, small_space, tmp_path):
    (tmp_path / "resume.pt").write_bytes(saved)
    supernet = build_supernet(small_space)
    optimiser = new_optimiser(supernet, 0.1)
    assert ResumePoint(tmp_path / "resume.pt", "this training").restore(supernet, optimiser) == (1, CURVE)
    for before, after in zip(trained[0].state_dict().values(), supernet.state_dict().values(), strict=True):
        assert torch.equal(before, after)
    states = [o.state_dict()["state"] for o in (trained[1], optimiser)]
    assert all(torch.equal(value, states[1][n][key]) for n, entry in states[0].items() for key, value in entry.items())


def test_nothing_is_no_state(new, tmp_path, capsys):
    assert ResumePoint(tmp_path / "resume.pt", "this training").restore(*new) == (0, [])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("content", "identity", "reason"),
    [
        (lambda whole: whole, "another", ("options", "images", "weights", "code")),
        (lambda whole: whole[: len(whole) // 2], "this training", ("file of tensors",)),
        (lambda whole: whole[:100], "this training", ("file of tensors",)),
        (lambda whole: b"", "this training", ("file of tensors",)),
        (lambda whole: b"hello\n" * 99, "this training", ("file of tensors",)),
        (lambda whole: pickle.dumps([1], 2), "this training", ("file of tensors",)),
    ],
    ids=["another training", "half", "start", "empty", "text", "pickle"],
)
def test_other_files_are_not_gone_on_from(saved, new, tmp_path, capsys, content, identity, reason):
    path = tmp_path / "resume.pt"
    path.write_bytes(content(saved))
    before = {name: value.clone() for name, value in new[0].state_dict().items()}
    assert ResumePoint(path, identity).restore(*new) == (0, [])
    assert all(torch.equal(value, before[name]) for name, value in new[0].state_dict().items())
    said = capsys.readouterr().out
    assert re.match(facts(path, *reason), said) and said.count("\n") == 1


@pytest.mark.parametrize("by_torch", [True, False])
def test_a_payload_is_not_executed(new, tmp_path, capsys, by_torch):
    path, payload = tmp_path / "resume.pt", {"identity": "this training", "epoch": Touch(tmp_path / "owned")}
    if by_torch:
        torch.save(payload, path)
    else:
        path.write_bytes(pickle.dumps(payload, 2))
    assert ResumePoint(path, "this training").restore(*new) == (0, [])
    assert re.match(facts(path, "file of tensors"), capsys.readouterr().out)
    assert not (tmp_path / "owned").exists()


def test_a_full_disk_leaves_the_state_before(trained, new, saved, tmp_path):
    path = tmp_path / "resume.pt"
    path.write_bytes(saved)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(DataError, match=facts(path, "File too large")):
            ResumePoint(path, "this training").save(2, *trained, CURVE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert os.listdir(tmp_path) == ["resume.pt"]
    assert ResumePoint(path, "this training").restore(*new) == (1, CURVE)
