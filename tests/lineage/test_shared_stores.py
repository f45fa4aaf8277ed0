import re
from types import SimpleNamespace

import pytest
from messages import facts

from nascore.config import validate_config
from nascore.data.store import MANIFEST
from nascore.errors import ConfigError
from nascore.lineage.ledger import FOLDER
from nascore.lineage.shared_stores import refuse_shared_store
from nascore.rule_parameters import PARAMETERS

STORE = f"data/image_folder/{MANIFEST}"
HELD = {"images": "a hash"}


def config(run, **changes):
    data = {"source": "image_folder", **changes.pop("data", {})}
    return validate_config({"run": run, "data": data, "images": "pets", "targets": {"a": {"macs_m": 5}}, **changes})


@pytest.fixture
def stored(small):
    """A store that run `small` made of the images in `pets`, and uses."""
    for name in ("cat", "dog"):
        small.write(f"pets/{name}/1.png", "")
        small.write(f"cars/{name}/1.png", "")
    small.write("workflow_scripts/prepare_images.py", "run()\n")
    own = config("small")
    params = {name: value(own, SimpleNamespace()) for name, value in PARAMETERS["prepare_images"].items()}
    small.job("prepare_images", {STORE: "{}"}, [], params={**params, "given": HELD}, given=[("images", "pets")])
    return small


def test_a_run_with_the_same_images_shares_them(stored):
    refuse_shared_store(config("other"), lambda: HELD)
    # The same images at another place, and other images at the same.
    refuse_shared_store(config("other", images="cars"), lambda: HELD)
    refuse_shared_store(config("other"), lambda: {"images": "another hash"})


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"seed": 1}, ("seed", 0, 1)),
        ({"data": {"validation_share": 0.5}}, ("data.validation_share", 0.2, 0.5)),
        ({"space": {"resolutions": [32]}}, ("resolutions", [32])),
        ({"images": "cars"}, ("images", "pets", "cars")),
    ],
)
def test_a_run_on_others_is_refused_unless_it_names_its_own(stored, changes, named):
    with pytest.raises(ConfigError) as error:
        refuse_shared_store(config("other", **changes), lambda: {"images": "another hash"})
    assert re.match(facts("data/image_folder", "'small'", "'other'", "data.name", *named), str(error.value))
    changes = changes | {"data": changes.get("data", {}) | {"name": "mine"}}
    refuse_shared_store(config("other", **changes), lambda: HELD)


def test_the_only_run_may_change_its_images(stored):
    refuse_shared_store(config("small", seed=1), lambda: HELD)


def test_what_is_not_known_is_no_reason_to_refuse(stored):
    refuse_shared_store(validate_config({"run": "x", "tables": "t", "targets": {"a": {"macs_m": 5}}}), lambda: HELD)
    for folder in (f"data/{FOLDER}", f"results/small/{FOLDER}"):
        for pointer in (stored.folder / folder / "paths").iterdir():
            pointer.write_text("damaged")
        refuse_shared_store(config("other", seed=1), lambda: HELD)
