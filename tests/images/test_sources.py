import pytest
from messages import facts
from pydantic import TypeAdapter, ValidationError

from nascore.data.image_folder import ImageFolder
from nascore.data.options import DataOptions, ImageFolderOptions, SyntheticOptions, VwwOptions
from nascore.data.sources import make_source, n_classes
from nascore.data.synthetic import Synthetic
from nascore.data.vww import VisualWakeWords
from nascore.errors import ConfigError

EVERY = (SyntheticOptions(), ImageFolderOptions(), VwwOptions(minival="ids.txt"))


@pytest.mark.parametrize(("options", "kind"), [*zip(EVERY, (Synthetic, ImageFolder, VisualWakeWords), strict=True)])
def test_the_options_choose_the_source(options, kind, tmp_path):
    source = make_source(options, tmp_path, seed=3)
    assert isinstance(source, kind) and source.description()["seed"] == 3
    assert str(tmp_path) not in str(source.description())


def test_the_number_of_classes_is_that_of_the_folders(tmp_path):
    for name in ("cat", "dog", "eel", ".hidden"):
        (tmp_path / name).mkdir()
    assert n_classes(ImageFolderOptions(), tmp_path) == 3
    assert n_classes(SyntheticOptions(), None) == n_classes(VwwOptions(minival="ids.txt"), None) == 2


@pytest.mark.parametrize("options", EVERY[1:])
def test_a_source_without_its_folder(options):
    with pytest.raises(ConfigError, match=facts(options.source, "images", "--config images=PATH")):
        make_source(options, None, seed=0)


def test_every_option_says_what_it_is():
    for options in EVERY:
        assert all(field.description for field in type(options).model_fields.values())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"source": "synthetic", "tests": 5}, ("'tests'", "'test'")),
        ({"source": "synthetic", "train": 0}, ("synthetic.train", "greater than or equal to 1", "input_value=0")),
        ({"source": "image_folder", "halves": "even"}, ("image_folder.halves", "'random'", "'published'", "'even'")),
        ({"source": "image_folder", "max_pixels": 10**10}, ("image_folder.max_pixels", 178956970, 10**10)),
        ({"source": "image_folder", "validation_share": 1}, ("image_folder.validation_share", "less than 1")),
        ({"source": "vww"}, ("vww.minival", "missing")),
        (
            {"source": "vww", "minival": "x", "sha256": {"minival": "abc"}},
            ("vww.sha256.minival", "'abc'", "[0-9a-f]{64}"),
        ),
        ({"source": "imagefolder"}, ("'imagefolder'", "'image_folder'")),
    ],
)
def test_wrong_options(given, message):
    with pytest.raises(ValidationError, match=facts(*message)):
        TypeAdapter(DataOptions).validate_python(given)


def test_a_store_has_the_name_of_its_source_unless_it_has_one_of_its_own():
    assert SyntheticOptions().store == "synthetic" and ImageFolderOptions(name="pets").store == "pets"
    assert SyntheticOptions(name="mine").content() == SyntheticOptions().content()
    for name in ("lineage", "../up", "a/b"):
        with pytest.raises(ValidationError, match="name"):
            SyntheticOptions(name=name)
