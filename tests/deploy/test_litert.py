from importlib.util import find_spec

import pytest
from messages import facts

from nascore.deploy.litert import write_litert
from nascore.errors import ConfigError, DataError

installed = pytest.mark.skipif(find_spec("litert_torch") is None, reason="needs the extra litert")


def test_without_the_package_its_extra_is_named(subnet, store, tmp_path, monkeypatch):
    monkeypatch.setattr("nascore.deploy.litert.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=facts("litert-torch", "pip install 'nascore[litert]'")):
        write_litert(tmp_path / "model.tflite", subnet, store.images("test", 40)[:2])
    assert not list(tmp_path.iterdir())


@installed
def test_the_model_says_what_pytorch_says(subnet, store, tmp_path):
    assert write_litert(tmp_path / "model.tflite", subnet, store.images("test", 40)[:4]) < 1e-4
    assert (tmp_path / "model.tflite").read_bytes()[4:8] == b"TFL3"


@installed
def test_a_folder_that_cannot_be_written(subnet, store, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=facts(tmp_path / "file" / "model.tflite", "Not a directory")):
        write_litert(tmp_path / "file" / "model.tflite", subnet, store.images("test", 40)[:1])
