import numpy as np
import pytest
import torch
from messages import facts

from nascore.errors import ConfigError
from nascore.supernet.inputs import find_device, normalise


def test_pixels_become_numbers_around_0(rng):
    pixels = rng.integers(0, 256, (2, 4, 5, 3), dtype=np.uint8)
    pixels[0, 0, 0] = (0, 255, 51)
    images = normalise(pixels, torch.device("cpu"))
    assert images.shape == (2, 3, 4, 5)
    assert images.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(images[0, :, 0, 0], torch.tensor([-1.0, 1.0, -0.6]))
    torch.testing.assert_close(images, (torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255 - 0.5) / 0.5)


def test_devices(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert find_device("auto") == find_device("cpu") == torch.device("cpu")
    with pytest.raises(ConfigError, match=facts("cuda", "GPU", "auto", "cpu")):
        find_device("cuda")
    with pytest.raises(ConfigError, match=facts("gpu", "auto", "cpu", "cuda", "cuda:N")):
        find_device("gpu")


def test_a_gpu_beyond_the_last_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert find_device("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(ConfigError, match=facts("'cuda:2'", "2 GPUs")):
        find_device("cuda:2")
