import contextlib
import hashlib
import http.server
import io
import json
import re
import stat
import threading
import zipfile

import pytest
from messages import facts
from PIL import Image

from nascore.data import download
from nascore.data.archives import Archive
from nascore.data.download import fetch
from nascore.data.options import VwwOptions
from nascore.data.store_writer import write_store
from nascore.data.vww import VisualWakeWords, person_labels
from nascore.errors import DataError

CONTENT = bytes(range(256)) * 1500
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Serves bytes on loopback, with ranges; the first answers to a path may be cut or refused."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.cuts, self.failures, self.ranges, self.asked = {}, {}, {}, True, []

    def url(self, name):
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        name, server = self.path.lstrip("/"), self.server
        server.asked.append((name, self.headers.get("Range")))
        content = server.files.get(name)
        if content is None or server.failures.get(name):
            return self.send_error(server.failures[name].pop(0) if server.failures.get(name) else 404)
        start = int(re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "bytes=0-"))[1]) if server.ranges else 0
        if start and start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = server.cuts[name].pop(0) if server.cuts.get(name) else len(content)
        self.wfile.write(content[start:end])


@pytest.fixture
def server():
    with Server() as running:
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        running.files["file.bin"] = CONTENT
        yield running
        running.shutdown()


class TestFetch:
    def test_a_download_is_kept_and_not_repeated(self, server, tmp_path):
        for _ in range(2):
            path = fetch(server.url("file.bin"), tmp_path / "new", SHA256)
        assert path == tmp_path / "new" / "file.bin" and path.read_bytes() == CONTENT
        assert len(server.asked) == 1

    def test_one_that_is_cut_goes_on_from_there(self, server, tmp_path):
        server.cuts["file.bin"] = [100_000, 300_000]
        path = fetch(server.url("file.bin"), tmp_path, SHA256, pause_s=0)
        assert path.read_bytes() == CONTENT
        assert [asked for _, asked in server.asked] == [None, "bytes=65536-", "bytes=262144-"]

    def test_one_that_stays_cut_goes_on_in_the_next_run(self, server, tmp_path, monkeypatch):
        monkeypatch.setattr(download, "ATTEMPTS", 1)
        server.cuts["file.bin"] = [100_000]
        with pytest.raises(DataError, match=facts(server.url("file.bin"), "connection", 1, 65536)):
            fetch(server.url("file.bin"), tmp_path)
        assert not (tmp_path / "file.bin").exists()
        assert fetch(server.url("file.bin"), tmp_path, SHA256).read_bytes() == CONTENT
        assert server.asked[-1] == ("file.bin", "bytes=65536-")

    def test_a_server_without_ranges_starts_again(self, server, tmp_path):
        server.ranges, server.cuts["file.bin"] = False, [1000]
        assert fetch(server.url("file.bin"), tmp_path, SHA256, pause_s=0).read_bytes() == CONTENT

    @pytest.mark.parametrize("left", [CONTENT, CONTENT + b"of another version"])
    def test_a_partial_file_that_needs_nothing_more(self, server, tmp_path, left):
        (tmp_path / "file.bin.part").write_bytes(left)
        assert fetch(server.url("file.bin"), tmp_path, pause_s=0).read_bytes() == CONTENT

    def test_a_server_that_stumbles_is_asked_again(self, server, tmp_path):
        server.failures["file.bin"] = [503, 500]
        assert fetch(server.url("file.bin"), tmp_path, pause_s=0).read_bytes() == CONTENT

    def test_a_server_that_stays_down(self, server, tmp_path):
        server.failures["file.bin"] = [503] * 9
        with pytest.raises(DataError, match=facts(server.url("file.bin"), "503 Service Unavailable", 5)):
            fetch(server.url("file.bin"), tmp_path, pause_s=0)

    def test_no_server(self, server, tmp_path):
        server.server_close()
        with pytest.raises(DataError, match=facts(server.url("file.bin"), "connection", 5, 0)):
            fetch(server.url("file.bin"), tmp_path, pause_s=0)

    def test_a_wrong_checksum_removes_the_download(self, server, tmp_path):
        url = server.url("file.bin")
        with pytest.raises(DataError, match=facts(url, "SHA-256", SHA256, "0" * 64, "removed")):
            fetch(url, tmp_path, "0" * 64)
        assert list(tmp_path.iterdir()) == []

    def test_404_is_not_tried_again(self, server, tmp_path):
        with pytest.raises(DataError, match=facts(server.url("nothing.zip"), "404 Not Found")):
            fetch(server.url("nothing.zip"), tmp_path)
        assert len(server.asked) == 1 and list(tmp_path.iterdir()) == []

    def test_local_files_are_used_where_they_are(self, tmp_path):
        path = tmp_path / "a file.bin"
        path.write_bytes(CONTENT)
        assert fetch(str(path), tmp_path / "none", SHA256) == fetch(path.as_uri(), tmp_path / "none") == path
        with pytest.raises(DataError, match=facts(path, "SHA-256", SHA256, "1" * 64)) as caught:
            fetch(str(path), tmp_path, "1" * 64)
        assert "removed" not in str(caught.value)
        assert path.exists() and not (tmp_path / "none").exists()

    @pytest.mark.parametrize("where", ["nowhere.zip", "ftp://example.org/x.zip", "file:///nowhere.zip"])
    def test_no_such_file(self, tmp_path, where):
        with pytest.raises(DataError, match=facts(where, "http", "https", "file", "URL")):
            fetch(where, tmp_path)

    def test_a_folder_that_cannot_be_written(self, server, tmp_path):
        (tmp_path / "file").write_text("")
        url, folder = server.url("file.bin"), tmp_path / "file" / "below"
        with pytest.raises(DataError, match=facts(url, folder / "file.bin", "Not a directory")):
            fetch(url, folder)


def zipped(members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return content.getvalue()


class TestArchive:
    def archive(self, tmp_path, content):
        (tmp_path / "a.zip").write_bytes(content)
        return Archive(tmp_path / "a.zip")

    @pytest.mark.parametrize("name", ["../evil.jpg", "a/../../evil.jpg", "/etc/evil", "..\\evil", "C:\\evil"])
    def test_a_member_that_escapes(self, tmp_path, name):
        with pytest.raises(DataError, match=facts("a.zip", repr(name), "folder")):
            self.archive(tmp_path, zipped({"fine.jpg": b"x", name: b"x"}))
        assert [path.name for path in tmp_path.rglob("*")] == ["a.zip"]

    def test_a_link(self, tmp_path):
        link = zipfile.ZipInfo("three.jpg")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        with pytest.raises(DataError, match=facts("a.zip", "three.jpg", "link")):
            self.archive(tmp_path, zipped({link: b"/etc/passwd"}))

    def test_a_bomb(self, tmp_path):
        content = zipped({"zeros": bytes(10_000_000)})
        with contextlib.closing(zipfile.ZipFile(io.BytesIO(content))) as archive:
            packed = archive.getinfo("zeros").compress_size
        with pytest.raises(DataError, match=facts("a.zip", "zeros", packed, 10_000_000)):
            self.archive(tmp_path, content)

    def test_no_archive(self, tmp_path):
        with pytest.raises(DataError, match=facts("a.zip", "File is not a zip file")):
            self.archive(tmp_path, b"<html>")

    def test_a_damaged_member(self, tmp_path):
        content = bytearray(zipped({"one.jpg": photograph(7)}))
        content[100] ^= 0xFF
        with pytest.raises(DataError, match=facts("a.zip", "one.jpg")):
            self.archive(tmp_path, bytes(content)).read("one.jpg")

    def test_a_missing_member(self, tmp_path):
        with pytest.raises(DataError, match=facts("a.zip", "two.jpg")):
            self.archive(tmp_path, zipped({"one.jpg": b"x"})).read("two.jpg")


def photograph(grey):
    content = io.BytesIO()
    Image.new("RGB", (40, 20), (grey, grey, 0)).save(content, "JPEG")
    return content.getvalue()


def annotations(ids, part, persons):
    """Return a COCO annotation file: images of 40 x 20 with a cup, and in `persons` a box of 2 x 2, 0.5 %."""
    names = {number: f"COCO_{part}_{number:012}.jpg" for number in ids}
    boxes = [{"image_id": number, "category_id": 47, "bbox": [0, 0, 30, 20]} for number in ids]
    boxes += [{"image_id": number, "category_id": 1, "bbox": [3.5, 4, 2, 2]} for number in ids if number in persons]
    return {
        "images": [{"id": number, "file_name": names[number], "width": 40, "height": 20} for number in ids],
        "annotations": boxes,
        "categories": [{"id": 1, "name": "person"}, {"id": 47, "name": "cup"}],
    }


@pytest.fixture
def coco(server):
    """Serve twelve training and ten validation images, of which six are minival."""
    train, val = range(1, 13), range(13, 23)
    persons = set(range(2, 23, 2))
    parts = {"train2014": train, "val2014": val}
    for part, ids in parts.items():
        images = {f"{part}/COCO_{part}_{number:012}.jpg": photograph(10 * number) for number in ids}
        server.files[f"{part}.zip"] = zipped({f"{part}/": b"", **images})
    instances = {f"annotations/instances_{part}.json": annotations(ids, part, persons) for part, ids in parts.items()}
    server.files["annotations.zip"] = zipped({name: json.dumps(coco) for name, coco in instances.items()})
    server.files["ids.txt"] = b"13\n14\n15\n16\n17\n\n18\n"
    return server


def vww(server, folder, **options):
    places = {
        "minival": server.url("ids.txt"),
        "train_images": server.url("train2014.zip"),
        "val_images": server.url("val2014.zip"),
        "annotations": server.url("annotations.zip"),
    }
    return VisualWakeWords(folder, VwwOptions(**(places | options)), 0)


class TestVisualWakeWords:
    def test_ends_in_a_store(self, coco, tmp_path):
        store = write_store(tmp_path / "store", vww(coco, tmp_path, halves="published"), resolutions=[8])
        assert store.class_names == ("not_person", "person")
        numbers = {
            split: [int(entry["name"][-6:-4]) for entry in items] for split, items in store.manifest["splits"].items()
        }
        assert (numbers["test"], numbers["search"]) == ([13, 17, 16], [15, 14, 18])
        assert sorted(numbers["train"] + numbers["calibration"]) == [*range(1, 13), *range(19, 23)]
        for split in store.splits:
            assert store.labels(split).tolist() == [int(number % 2 == 0) for number in numbers[split]]
            assert store.images(split, 8)[:, 0, 0, 0].tolist() == pytest.approx([10 * n for n in numbers[split]], abs=3)

    def test_the_manifest_names_files_and_no_place(self, coco, tmp_path):
        described = vww(coco, tmp_path).description()
        assert described["minival"] == "ids.txt" and "127.0.0.1" not in json.dumps(described)

    def test_a_checksum(self, coco, tmp_path):
        with pytest.raises(DataError, match=facts("train2014.zip", "SHA-256", "0" * 64)):
            vww(coco, tmp_path, sha256={"train_images": "0" * 64}).splits()

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"13\nfourteen\n", ("line 2", "'fourteen'")),
            (b"\n", ("minival", "empty")),
            (b"13\n99\n", (1, "COCO 2014", 99)),
            (b"\xff", ("minival", "utf-8", "0xff")),
        ],
    )
    def test_another_list(self, coco, tmp_path, content, message):
        coco.files["ids.txt"] = content
        with pytest.raises(DataError, match=facts("ids.txt", *message)):
            vww(coco, tmp_path).splits()

    def test_an_archive_without_the_images(self, coco, tmp_path):
        coco.files["val2014.zip"] = zipped({"val2014/other.jpg": b"x"})
        missing = "val2014/COCO_val2014_000000000013.jpg"
        with pytest.raises(DataError, match=facts("val2014.zip", 10, missing)):
            vww(coco, tmp_path).splits()

    def test_an_archive_whose_member_escapes(self, coco, tmp_path):
        coco.files["train2014.zip"] = zipped({"../../evil.jpg": b"x"})
        with pytest.raises(DataError, match=facts("train2014.zip", "'../../evil.jpg'", "folder")):
            vww(coco, tmp_path / "downloads").splits()
        assert not list(tmp_path.rglob("evil*"))

    def test_a_damaged_photograph_is_listed(self, coco, tmp_path):
        name = "train2014/COCO_train2014_000000000001.jpg"
        with contextlib.closing(zipfile.ZipFile(io.BytesIO(coco.files["train2014.zip"]))) as archive:
            members = {member: archive.read(member) for member in archive.namelist()}
        coco.files["train2014.zip"] = zipped(members | {name: members[name][:300]})
        with pytest.raises(DataError, match=facts(1, name, "data.allow_corrupt")):
            write_store(tmp_path / "store", vww(coco, tmp_path), resolutions=[8])


class TestPersonLabels:
    def test_the_rule_is_half_a_per_cent_of_the_image(self):
        coco = annotations([1, 2, 3], "val2014", {1, 2})
        coco["annotations"][-1]["bbox"] = [0, 0, 2, 1.99]
        assert [label for _, label in person_labels(json.dumps(coco).encode(), "val2014").values()] == [1, 0, 0]

    @pytest.mark.parametrize(
        "content",
        [b"", b"{", b"[]", b"{}", b'{"categories": []}', b'{"categories": [{"name": "person"}]}', b"[" * 10**5],
    )
    def test_another_file(self, content):
        with pytest.raises(DataError, match=facts("instances_val2014.json", "COCO", "person")):
            person_labels(content, "val2014")
