"""Memory budgets of real microcontrollers, from their data sheets.

SRAM is the largest block that one tensor arena can use, so tightly coupled and backup memories that the data sheet
lists beside it are left out. A budget is the whole memory: what firmware, stack and runtime take must come off it, by a
bound of the user's own instead of `device`.
"""

from dataclasses import dataclass
from typing import Any

from nascore.errors import TargetError, unknown_name


@dataclass(frozen=True)
class Device:
    """One microcontroller; sizes in KB of 1,024 bytes."""

    name: str
    part: str
    sram_kb: int
    flash_kb: int
    datasheet: str

    def __str__(self) -> str:
        return self.name

    def limits(self) -> dict[str, float]:
        """Return the device's budget as constraints of a target."""
        return {"peak_memory_kb": float(self.sram_kb), "flash_kb": float(self.flash_kb)}


DEVICES = {
    device.name: device
    for device in (
        Device("stm32f411", "STM32F411RE (Cortex-M4, 100 MHz)", 128, 512, "ST DS10314"),
        Device("stm32f412", "STM32F412ZG (Cortex-M4, 100 MHz)", 256, 1024, "ST DS11139"),
        Device("stm32f746", "STM32F746NG (Cortex-M7, 216 MHz)", 320, 1024, "ST DS10916"),
        Device("stm32f767", "STM32F767ZI (Cortex-M7, 216 MHz)", 512, 2048, "ST DS11532"),
        Device("stm32h743", "STM32H743ZI (Cortex-M7, 480 MHz; AXI SRAM)", 512, 2048, "ST DS12110"),
        Device("nrf52840", "nRF52840 (Cortex-M4, 64 MHz)", 256, 1024, "Nordic nRF52840 PS v1.7"),
        Device("nrf5340", "nRF5340 application core (Cortex-M33, 128 MHz)", 512, 1024, "Nordic nRF5340 PS v1.3"),
        Device("rp2040", "RP2040 on Raspberry Pi Pico (Cortex-M0+, 133 MHz)", 264, 2048, "RP2040 and Pico datasheets"),
    )
}


def get_device(target: str, name: Any) -> Device:
    """Return the device that a target names.

    Raises
    ------
    TargetError
        If the name is unknown.
    """
    if not isinstance(name, str) or name not in DEVICES:
        raise TargetError(f"target {target!r}: {unknown_name('device', name, DEVICES)}")
    return DEVICES[name]
