import pytest
from messages import facts

from nascore.devices import DEVICES, get_device
from nascore.errors import TargetError


def test_data_sheet_sizes():
    sizes = {name: (device.sram_kb, device.flash_kb) for name, device in DEVICES.items()}
    assert sizes == {
        "stm32f411": (128, 512),
        "stm32f412": (256, 1024),
        "stm32f746": (320, 1024),
        "stm32f767": (512, 2048),
        "stm32h743": (512, 2048),
        "nrf52840": (256, 1024),
        "nrf5340": (512, 1024),
        "rp2040": (264, 2048),
    }
    assert all(device.datasheet and device.part for device in DEVICES.values())


def test_limits_are_constraints_of_a_target():
    assert get_device("t", "nrf52840").limits() == {"peak_memory_kb": 256.0, "flash_kb": 1024.0}


@pytest.mark.parametrize("name", ["stm32", "", None, 7, ["rp2040"], {"name": "rp2040"}])
def test_an_unknown_device_is_answered_with_the_known_ones(name):
    with pytest.raises(TargetError, match=facts("tiny", repr(str(name)), ", ".join(DEVICES))):
        get_device("tiny", name)
