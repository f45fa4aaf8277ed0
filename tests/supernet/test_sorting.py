from copy import deepcopy

import pytest
import torch
from deterministic_weights import images

from nascore.supernet.sorting import sort_channels


def uniform(expand: int) -> dict:
    return {"wid": 2, "ks": 5, "e": expand, "d": 2, "image_size": 32}


@pytest.fixture(scope="module")
def sorted_fully(supernet):
    network = deepcopy(supernet)
    sort_channels(network)
    return network


@torch.no_grad()
def change(before, after, expand: int) -> float:
    batch = images(2, 32)
    return float((before(batch, uniform(expand)) - after(batch, uniform(expand))).abs().max())


def test_full_width_stays_what_it_is(supernet, sorted_fully):
    assert change(supernet, sorted_fully, 6) < 1e-5
    assert change(supernet, sorted_fully, 4) > 1e-3
    unsorted = dict(supernet.named_parameters())
    moved = sum(not torch.equal(value, unsorted[name]) for name, value in sorted_fully.named_parameters())
    assert moved > 150


def test_the_most_important_come_first(sorted_fully):
    _, *blocks = sorted_fully.blocks
    for block in blocks:
        _, depthwise, project = block.mobile_inverted_conv
        importance = project.conv.conv.weight.abs().sum((0, 2, 3))
        assert (importance.diff() <= 0).all()
        if depthwise.se is not None:
            assert (depthwise.se.fc.expand.weight.abs().sum((0, 2, 3)).diff() <= 1e-4).all()


@pytest.mark.slow
@pytest.mark.parametrize(("n_trained", "kept", "changed"), [(2, (6, 4), (3,)), (3, (6, 4, 3), ())])
def test_trained_expand_ratios_stay_what_they_are(supernet, n_trained, kept, changed):
    network = deepcopy(supernet)
    sort_channels(network, n_trained)
    assert all(change(supernet, network, expand) < 1e-5 for expand in kept)
    assert all(change(supernet, network, expand) > 1e-3 for expand in changed)


def test_sorting_twice_changes_nothing(sorted_fully):
    again = deepcopy(sorted_fully)
    sort_channels(again)
    assert change(sorted_fully, again, 4) < 1e-5


def test_running_statistics_go_with_their_channels(supernet, sorted_fully):
    for before, after in zip(list(supernet.blocks)[1:], list(sorted_fully.blocks)[1:], strict=True):
        old, new = before.mobile_inverted_conv.depth_conv, after.mobile_inverted_conv.depth_conv
        order = {value: place for place, value in enumerate(old.bn.bn.running_var.tolist())}
        places = [order[value] for value in new.bn.bn.running_var.tolist()]
        assert torch.equal(new.conv.conv.weight, old.conv.conv.weight[places])
        assert torch.equal(new.bn.bn.bias, old.bn.bn.bias[places])
