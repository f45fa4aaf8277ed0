"""The generated files about configuration keys: `python -m nascore.config_docs FOLDER` writes them.

`schema.json` and `space_schema.json` let an editor complete and check a configuration and the description of a space;
`README.md` is for people.
"""

import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from nascore.config import Config, json_schema
from nascore.devices import DEVICES
from nascore.files import write_text
from nascore.predictors import predictor_names, predictor_options
from nascore.search.targets import UNITS
from nascore.spaces.description import SpaceDescription

HEADER = """# Configuration

<!-- Made from nascore/config.py by `make schema`; edit there. -->

A configuration is a YAML file that is given to Snakemake with `--configfile`; without one it is `config.yaml`.
Keys can be given with `--config key=value`, nested ones as in `--config 'targets={mine: {macs_m: 3.5}}'`.
Unknown keys are errors.
`schema.json` beside this page lets an editor complete and check keys, and `space_schema.json` those of a design space.
`nascore config check FILE` checks a file without running anything.

| file | run |
|---|---|
| `config.yaml` | the embedded default: rendered images, a supernet, sampled subnets, searches, validation |
| `image_folder.yaml` | the same on a folder of images: `--config images=PATH` |
| `lab3_tables.yaml` | MIT 6.5940 lab 3 on its published accuracy tables |
| `binas.yaml` | the BINAS space: one-shot network, contributions of choices, bilinear search, MACs and latency |
| `latency.yaml` | the embedded default with latency limits on two backends of this machine |
"""

PREDICTORS = """## Predictors

`predictors` maps the name of a predictor to its options. `{}` keeps the defaults.

| option | default | meaning |
|---|---|---|"""

SPACES = """## A design space of your own

`space: {file: FILE.yaml}` names a file with these keys. [Your own design space](../docs/howto/own_space.md) writes one,
and `spaces/` has examples.

| key | default | meaning |
|---|---|---|"""

TARGETS = """## Constraint targets

`targets` maps a name to any mix of upper bounds, global choices that are kept to one value, and a device:

```yaml
targets:
  camera: { device: stm32f746, macs_m: 30 }
  badge: { peak_memory_kb: 128, flash_kb: 512, resolution: 48 }
  app: { latency_ms: 5, latency_on: laptop }

latency:
  devices:
    laptop: { backend: onnxruntime }
```
"""


def describe_keys() -> str:
    """Return the page, as Markdown."""
    lines = [HEADER, "## Keys", "", "| key | default | meaning |", "|---|---|---|"]
    lines += [f"| `{key}` | {default} | {meaning} |" for key, default, meaning in _rows(Config, "")]
    lines += ["", PREDICTORS]
    for name in predictor_names():
        rows = [*_rows(predictor_options(name), f"{name}.")] or [(name, "", "Has no options.")]
        lines += [f"| `{key}` | {default} | {meaning} |" for key, default, meaning in rows]
    lines += ["", SPACES]
    lines += [f"| `{key}` | {default} | {meaning} |" for key, default, meaning in _rows(SpaceDescription, "")]
    lines += ["", TARGETS, "| bound | unit | of |", "|---|---|---|"]
    lines += [f"| `{name}` | {unit:,} | `{metric}` |" for name, (metric, unit) in UNITS.items()]
    lines += ["| `latency_ms` | 1 ms | `latency_ms@DEVICE`, measured: see [latency](../docs/latency.md) |"]
    lines += ["", "| device | part | SRAM, KB | flash, KB | data sheet |", "|---|---|---:|---:|---|"]
    lines += [f"| `{d.name}` | {d.part} | {d.sram_kb} | {d.flash_kb} | {d.datasheet} |" for d in DEVICES.values()]
    return "\n".join(lines) + "\n"


def space_schema() -> str:
    """Return the JSON schema of the description of a space."""
    return json.dumps(SpaceDescription.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def _rows(model: type[BaseModel], prefix: str, defaults: BaseModel | None = None) -> Iterator[tuple[str, str, str]]:
    """Yield (key, default, meaning) of every key, depth first; `<name>` stands for a name of the user's."""
    for name, field in model.model_fields.items():
        inner = list(_models(field.annotation))
        key = f"{prefix}{name}"
        default = getattr(defaults, name) if defaults else field.default
        yield key, "" if isinstance(default, BaseModel) else _shown(default), field.description or ""
        in_mapping = get_origin(field.annotation) is dict
        for option in inner:
            label = f" ({_tag(option)})" if len(inner) > 1 else ""
            nested = default if isinstance(default, BaseModel) else None
            for inner_key, shown, meaning in _rows(option, f"{key}.<name>." if in_mapping else f"{key}.", nested):
                yield f"{inner_key}{label}", shown, meaning


def _tag(model: type[BaseModel]) -> str:
    """Return the value that tells a model from the others that could be in its place."""
    literals = (get_args(f.annotation) for f in model.model_fields.values() if get_origin(f.annotation) is Literal)
    return next(str(values[0]) for values in literals if len(values) == 1)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models in a type, in the order in which they are written."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (dict, tuple, Union, types.UnionType) or hasattr(annotation, "__metadata__"):
        for argument in get_args(annotation):
            yield from _models(argument)


def _shown(default: Any) -> str:
    """Return a default as it would be written."""
    if default is PydanticUndefined:
        return "required"
    if isinstance(default, tuple | dict):
        default = list(default)
    return f"`{json.dumps(default) if default is None or isinstance(default, bool) else default}`"


if __name__ == "__main__":
    write_text(Path(sys.argv[1]) / "schema.json", json_schema())
    write_text(Path(sys.argv[1]) / "space_schema.json", space_schema())
    write_text(Path(sys.argv[1]) / "README.md", describe_keys())
