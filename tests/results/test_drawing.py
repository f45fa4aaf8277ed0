import re

import numpy as np
import pytest

from nascore.results.drawing import subnet_svg
from nascore.spaces import get_space


@pytest.fixture(scope="module")
def row(space):
    return space.restrict({"resolution": [112], "width": [1]}).sample(1, np.random.default_rng(3))[0]


def labels(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_sizes_are_those_of_the_space(space, row):
    sizes = [text for text in labels(subnet_svg(space, row)) if re.fullmatch(r"\d+ px", text)]
    assert sizes == [f"{size} px" for size in (112, 56, 56, 28, 14, 7, 7, 4, 4, 4, 1)]


def test_every_executed_block_and_gate_is_drawn(space, row):
    texts = labels(subnet_svg(space, row))
    executed = space.executed(row[None])[0]
    gates = sum(space.has_squeeze_excite(block) for block in np.flatnonzero(executed))
    assert sum(text in ("3×3", "5×5", "7×7") for text in texts) == executed.sum()
    assert texts.count("SE") == gates + 1, "and once in the legend"
    assert [t for t in texts if t.startswith("stage")] == [f"stage {i}" for i in range(1, 7)]


def test_channels_follow_the_width(space, row):
    channels = [int(text.split()[0]) for text in labels(subnet_svg(space, row)) if text.endswith(" ch")]
    assert channels == [3, 24, 16, 24, 32, 64, 72, 144, 240, 384, 2]


def test_same_subnet_same_bytes_and_nothing_to_clash_with_in_a_page(space, row):
    svg = subnet_svg(space, row, "one")
    assert svg == subnet_svg(space, row, "one")
    assert " id=" not in svg and "<style" not in svg and "http" not in svg


def test_title_is_text_and_never_markup_or_mathematics(space, row):
    svg = subnet_svg(space, row, "<b>$x_1$</b> & co")
    assert "&lt;b&gt;$x_1$&lt;/b&gt; &amp; co" in labels(svg)
    assert "<b>" not in svg


class TestBinas:
    SPACE = get_space("binas", resolutions=(64,), n_classes=2)

    @pytest.fixture
    def row(self):
        return self.SPACE.sample(1, np.random.default_rng(5))[0]

    def test_operations_gates_and_depths_are_those_of_the_subnet(self, row):
        texts = labels(subnet_svg(self.SPACE, row))
        runs, ops = self.SPACE.executed(row[None])[0], self.SPACE.op_index(row[None])[0]
        chosen = self.SPACE.op_values[ops[runs]]
        drawn = [text for text in texts if re.fullmatch(r"e\d", text)]
        assert drawn == [f"e{expand}" for expand in chosen[:, 0]]
        assert [t for t in texts if t in ("3×3", "5×5")] == [f"{kernel}×{kernel}" for kernel in chosen[:, 1]]
        assert texts.count("SE") == chosen[:, 2].sum() + 1, "and once in the legend"
        depths = " ".join(map(str, self.SPACE.depths(row[None])[0]))
        assert texts[0].replace("\u00a0", " ") == f"64 px, depths {depths}"

    def test_activations_head_and_sizes(self, row):
        texts = labels(subnet_svg(self.SPACE, row))
        expected = ["ReLU", "ReLU", "h-swish", "h-swish", "h-swish"]
        assert [t for t in texts if t.startswith("stage")] == [f"stage {i}, {a}" for i, a in enumerate(expected, 1)]
        assert [t for t in texts if re.fullmatch(r"\d+ px", t)] == [
            f"{size} px" for size in (64, 32, 32, 16, 8, 4, 4, 2, 2, 1, 1)
        ]
        assert [t for t in texts if t.endswith(" ch")][-3:] == ["960 ch", "1280 ch", "2 ch"]
        assert "head" in texts and "kernel 7×7" not in texts
