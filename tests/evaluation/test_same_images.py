import json
from copy import copy

import pytest
from messages import facts

from nascore.data.store import CLASS_NAMES
from nascore.errors import DataError
from nascore.evaluation.same_images import check_images
from nascore.supernet.checkpoint import save_supernet


@pytest.fixture
def written(supernet, tmp_path):
    """Return a function that writes weights with facts."""

    def write(facts):
        save_supernet(tmp_path / "weights.safetensors", supernet, {"phase": "x", **facts})
        return tmp_path / "weights.safetensors"

    return write


def of_classes(store, *names):
    other = copy(store)
    other.class_names = names
    return other


def test_the_images_that_weights_were_made_with(written, store, capsys):
    check_images(written(store.facts), store)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("names", [("cat", "dog"), ("person", "not_person"), ("not_person", "person", "dog")])
def test_other_classes_or_another_order_are_refused(written, store, names):
    weights = written(store.facts)
    with pytest.raises(DataError, match=facts(weights, "not_person, person", ", ".join(names))):
        check_images(weights, of_classes(store, *names))


@pytest.mark.parametrize("split", ["train", "calibration"])
def test_other_images_of_the_same_classes_are_said_to_be_others(written, store, capsys, split):
    weights = written(store.facts | {f"{split}_sha256": "0" * 64})
    check_images(weights, store)
    assert facts_in(capsys.readouterr().err, weights, split, store.folder)


def facts_in(text, *expected):
    return len(text.splitlines()) == 1 and all(str(fact) in text for fact in expected)


def test_weights_that_say_nothing_pass(written, store, capsys):
    check_images(written({}), store)
    assert capsys.readouterr() == ("", "")


def test_a_damaged_header(written, store):
    with pytest.raises(DataError, match=facts(CLASS_NAMES, "'x'")):
        check_images(written({CLASS_NAMES: "x"}), store)


def test_hashes_depend_on_images_and_labels_alone(store):
    fewer = copy(store)
    fewer.resolutions = store.resolutions[:1]
    assert fewer.facts == store.facts
    swapped = copy(store)
    train = [entry | {"label": 1 - entry["label"]} for entry in store.manifest["splits"]["train"]]
    swapped.manifest = store.manifest | {"splits": store.manifest["splits"] | {"train": train}}
    assert {key for key, value in swapped.facts.items() if value != store.facts[key]} == {"train_sha256"}
    assert json.loads(store.facts[CLASS_NAMES]) == ["not_person", "person"]
