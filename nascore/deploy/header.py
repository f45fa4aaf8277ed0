"""A C header with what firmware has to know of an int8 model before it is linked: sizes, quantisation, budgets."""

from collections.abc import Mapping

from nascore.results.bundle import Bundle

GUARD = "NASCORE_MODEL_INT8_H"


def c_header(checks: Bundle, ends: Mapping[str, tuple[float, int]]) -> str:
    """Return the header.

    Parameters
    ----------
    checks
        What checks of the model found.
    ends
        Scale and zero point of the input and the output; see `nascore.deploy.quantise.ends`.
    """
    memory = checks.memory
    assert memory is not None
    numbers = {
        "INPUT_SIZE": checks.resolution,
        "INPUT_CHANNELS": 3,
        "CLASSES": len(checks.labels),
        **{f"{name.upper()}_SCALE": f"{scale!r}f" for name, (scale, _) in ends.items()},
        **{f"{name.upper()}_ZERO_POINT": zero_point for name, (_, zero_point) in ends.items()},
        "WEIGHT_BYTES": memory.weight_bytes,
        "BIAS_BYTES": memory.bias_bytes,
        "FLASH_BYTES": memory.flash_bytes,
        "ARENA_BYTES": memory.arena_bytes,
    }
    rows = [
        f" * {row.name:<10} {row.sram_bytes:>7} bytes SRAM, {row.flash_bytes:>7} bytes flash: "
        f"{'fits' if row.fits else 'does not fit'}"
        for row in checks.devices
    ]
    return "\n".join(
        [
            f"/* int8 model {checks.arch_id}: uint8 activations, int8 weights per channel, int32 biases.",
            " * ARENA_BYTES holds every activation, FLASH_BYTES the weights and biases; code is in neither.",
            " *",
            *rows,
            " */",
            f"#ifndef {GUARD}",
            f"#define {GUARD}",
            "",
            *(f"#define NASCORE_{name} {value}" for name, value in numbers.items()),
            "",
            f"#endif /* {GUARD} */",
            "",
        ]
    )
