import os

import pytest
from messages import facts

from nascore.errors import DataError
from nascore.lineage import raw_images
from nascore.lineage.raw_images import images_fingerprint

FILES = {"cat/1.png": b"one", "cat/2.png": b"two", "dog/1.png": b"three", "dog/notes.txt": b"fed"}


@pytest.fixture
def root(tmp_path):
    for name, content in FILES.items():
        (tmp_path / "pets" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pets" / name).write_bytes(content)
    return tmp_path / "pets"


@pytest.fixture
def print_of(root, tmp_path, monkeypatch):
    """Return what gives the fingerprint and the names of the images that were read for it."""
    read = []
    hashed = raw_images.file_sha256
    monkeypatch.setattr(
        raw_images, "file_sha256", lambda path: read.append(path.relative_to(root).as_posix()) or hashed(path)
    )

    def fingerprint():
        read.clear()
        return images_fingerprint(root, tmp_path / "cache.json"), sorted(read)

    return fingerprint


def test_every_image_is_read_once(print_of):
    first, read = print_of()
    assert read == ["cat/1.png", "cat/2.png", "dog/1.png"]
    assert print_of() == (first, [])


def test_a_touched_image_is_read_again_and_is_the_same(print_of, root):
    first, _ = print_of()
    os.utime(root / "cat" / "1.png", ns=(1, 1))
    assert print_of() == (first, ["cat/1.png"])
    assert print_of() == (first, [])


def test_other_content_of_the_same_size(print_of, root):
    first, _ = print_of()
    (root / "cat" / "1.png").write_bytes(b"eno")
    second, read = print_of()
    assert second != first and read == ["cat/1.png"]


@pytest.mark.parametrize("name", ["cat/3.png", "dog/more.txt"])
def test_new_removed_and_renamed_files(print_of, root, name):
    first, _ = print_of()
    (root / name).write_bytes(b"new")
    second, _ = print_of()
    (root / name).rename(root / "dog" / f"other{(root / name).suffix}")
    third, _ = print_of()
    (root / "dog" / f"other{(root / name).suffix}").unlink()
    assert len({first, second, third}) == 3 and print_of()[0] == first


def test_content_of_other_files_does_not_count(print_of, root):
    first, _ = print_of()
    (root / "dog" / "notes.txt").write_bytes(b"not fed")
    (root / "dog" / ".hidden.png").write_bytes(b"")
    assert print_of() == (first, [])


@pytest.mark.parametrize("damage", ["", "[]", '{"a": 1}', '{"x": ["a", "b"]}'])
def test_a_damaged_cache_is_made_anew(print_of, tmp_path, damage):
    first, read = print_of()
    (tmp_path / "cache.json").write_text(damage)
    assert print_of() == (first, read)
    assert print_of() == (first, [])


def test_what_cannot_be_read(print_of, root, tmp_path):
    (root / "cat" / "gone.png").symlink_to("nowhere")
    with pytest.raises(DataError, match=facts("gone.png", "link")):
        print_of()
    with pytest.raises(DataError, match=facts(tmp_path / "nowhere")):
        images_fingerprint(tmp_path / "nowhere", tmp_path / "cache.json")
