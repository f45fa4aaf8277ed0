from nascore.data.source import CorruptImage
from nascore.data.store_writer import TWO_CLASSES
from nascore.results.images import REASONS, ImageManifest

MANIFEST = ImageManifest(
    class_names=["cat", "dog"],
    resolutions=[32],
    splits={"train": [1, 2], "test": [3]},
    corrupt=[{"name": "a.png", "split": "train", "code": code} for code in ("empty", "two_classes", "empty")],
    duplicates=[{"name": "b.png"}],
    source={"ignored_files": {".txt": 7, "": 1, "in no folder of a class": 2}},
)


def test_everything_that_was_left_out_is_counted_with_its_reason():
    assert MANIFEST.left_out() == {
        ".txt files": 7, "empty": 2, "in no folder of a class": 2, "in two classes": 1, "also in another split": 1,
        "files without a suffix": 1,
    }  # fmt: skip
    assert "train 2, test 1; left out: 7 .txt files; 2 empty; " in MANIFEST.summary()
    assert "left out: nothing" in MANIFEST.model_copy(update={"corrupt": [], "duplicates": [], "source": {}}).summary()


def test_every_code_has_its_words():
    codes = {CorruptImage.code, *(kind.code for kind in CorruptImage.__subclasses__())}
    assert codes | {TWO_CLASSES} == set(REASONS)
