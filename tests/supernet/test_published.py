import os
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import torch
from messages import facts

from nascore.errors import DataError
from nascore.files import file_sha256
from nascore.spaces import get_space
from nascore.supernet.published import import_published, read_state_dict

STEM = "first_conv.conv.conv.weight"


@pytest.fixture(scope="module")
def published(supernet, tmp_path_factory):
    """Return a file like the published one, not to be changed."""
    path = tmp_path_factory.mktemp("published") / "vww_supernet.pth"
    torch.save({"state_dict": supernet.state_dict()}, path)
    return path


def same(first, second) -> bool:
    return all(torch.equal(value, second.state_dict()[name]) for name, value in first.state_dict().items())


def raw(name: str) -> str:
    """Return what a data-parallel training calls a weight."""
    return "module." + name.replace("mobile_inverted_conv", "conv")


@pytest.mark.slow
def test_the_published_layout(supernet, published, small_space):
    assert same(supernet, import_published(published, small_space))
    assert same(supernet, import_published(published, small_space, sha256=file_sha256(published).upper()))


@pytest.mark.slow
@pytest.mark.parametrize("wrap", [lambda state: state, lambda state: {"epoch": 3, "state_dict": state}])
def test_raw_training_checkpoints(supernet, small_space, tmp_path, wrap):
    state = {raw(name): value for name, value in supernet.state_dict().items()}
    torch.save(wrap(state), tmp_path / "raw.pth")
    assert same(supernet, import_published(tmp_path / "raw.pth", small_space))


def test_of_several_state_dicts_one_has_to_be_chosen(supernet, small_space, tmp_path):
    state = supernet.state_dict()
    averaged = {name: value + 1 for name, value in state.items()}
    torch.save({"epoch": 3, "model": state, "state_dict_ema": averaged}, tmp_path / "two.pth")
    with pytest.raises(DataError, match=facts(tmp_path / "two.pth", "model, state_dict_ema", "supernet.entry")):
        read_state_dict(tmp_path / "two.pth")
    with pytest.raises(DataError, match=facts(tmp_path / "two.pth", "'modle'", "model")):
        read_state_dict(tmp_path / "two.pth", "modle")
    chosen = read_state_dict(tmp_path / "two.pth", "state_dict_ema")
    assert all(torch.equal(chosen[name], value) for name, value in averaged.items())


@pytest.mark.slow
def test_a_bare_state_dict(supernet, small_space, tmp_path):
    torch.save(supernet.state_dict(), tmp_path / "bare.pth")
    assert same(supernet, import_published(tmp_path / "bare.pth", small_space))


@pytest.fixture
def server(published, monkeypatch):
    """Serve the published file on this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=published.parent)) as http:
        Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}/{published.name}"
        http.shutdown()


@pytest.mark.slow
def test_a_url_with_its_checksum(supernet, published, server, small_space, tmp_path):
    digest = file_sha256(published)
    assert same(supernet, import_published(server, small_space, sha256=digest))
    import_published(server, small_space, sha256=digest, folder=tmp_path)
    assert os.listdir(tmp_path) == [published.name]


def test_checksums_are_checked(published, server, small_space, tmp_path):
    for url in (server, server.replace("http", "HTTP", 1)):
        with pytest.raises(DataError, match=facts(url, "sha256")):
            import_published(url, small_space)
    for source in (published, server):
        with pytest.raises(DataError, match=facts(source, "SHA-256", file_sha256(published), "0" * 64)):
            import_published(source, small_space, sha256="0" * 64)


class Payload:
    """A pickle that would make a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("wrap", [lambda payload: {"state_dict": {STEM: payload}}, lambda payload: payload])
def test_programs_in_a_pickle_do_not_run(small_space, tmp_path, wrap):
    torch.save(wrap(Payload(tmp_path / "executed")), tmp_path / "evil.pth")
    with pytest.raises(DataError, match=facts("evil.pth", "PyTorch", "posix.mkdir")):
        import_published(tmp_path / "evil.pth", small_space)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda whole: whole[: len(whole) // 2], ("PytorchStreamReader",)),
        (lambda whole: b"", ("EOFError",)),
        (lambda whole: b"hello", (101,)),
        (lambda whole: b"\x95\x01", ("pickle", "tensors")),
    ],
)
def test_published_files_that_are_not_whole(published, small_space, tmp_path, content, message):
    path = tmp_path / "cut.pth"
    path.write_bytes(content(published.read_bytes()))
    with pytest.raises(DataError, match=facts("cut.pth", "PyTorch", *message)):
        import_published(path, small_space)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], ("list", "state_dict")),
        ({"epoch": 3}, ("epoch", "int", "state_dict")),
        ({"state_dict": [1]}, ("list", "state_dict")),
        ({3: torch.zeros(1)}, (3, "Tensor", "state_dict")),
        ({STEM: torch.zeros(2, device="meta")}, (STEM, "tensor", "state_dict")),
        ({STEM: torch.zeros(1), f"module.{STEM}": torch.zeros(1)}, (f"module.{STEM}", repr(STEM))),
        ({STEM: torch.zeros(1)}, ("first_conv.bn.bn.weight", 479, 480, "(32,)")),
    ],
)
def test_other_content(small_space, tmp_path, content, message):
    torch.save(content, tmp_path / "other.pth")
    with pytest.raises(DataError, match=facts("other.pth", *message)):
        import_published(tmp_path / "other.pth", small_space)


def test_sparse_weights(supernet, small_space, tmp_path):
    torch.save({**supernet.state_dict(), STEM: supernet.state_dict()[STEM].to_sparse()}, tmp_path / "weights.pth")
    with pytest.raises(DataError, match=facts("weights.pth", STEM, "float32", "(32, 3, 3, 3)", "sparse")):
        import_published(tmp_path / "weights.pth", small_space)


def test_another_number_of_classes(published):
    three = get_space("ofa_mcunet", n_classes=3)
    with pytest.raises(DataError, match=facts("vww_supernet.pth", 2, 3)):
        import_published(published, three)


def test_a_missing_published_file(small_space, tmp_path):
    with pytest.raises(DataError, match=facts("none.pth", "http", "https", "file", "URL")):
        import_published(tmp_path / "none.pth", small_space)
