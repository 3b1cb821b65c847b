import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from embed.pruning import pruned
from embed.ranker_network import ranker_network


def network(seed=0, hidden=(8, 6)):
    torch.manual_seed(seed)
    return ranker_network(torch.randn(50, 4), hidden, dropout=0.0)


def widths(of):
    return [layer.out_features for layer in of if isinstance(layer, nn.Linear)]


@given(part=st.floats(0, 0.999), first=st.integers(1, 9), second=st.integers(1, 9))
def test_the_network_is_smaller_by_the_part_and_never_empty(part, first, second):
    small = pruned(network(hidden=(first, second)), part)
    assert widths(small) == [max(1, round(first * (1 - part))), max(1, round(second * (1 - part))), 1]
    assert small(torch.randn(7, 4)).shape == (7, 1)


def test_taking_nothing_changes_nothing():
    x = torch.randn(20, 4)
    assert torch.equal(pruned(network(), 0.0)(x), network()(x))


@given(dead=st.sets(st.integers(0, 7), min_size=1, max_size=7), scale=st.sampled_from([0.01, 1.0, 100.0]))
def test_units_without_a_say_go_first_however_large_their_other_weights_are(dead, scale):
    whole, x = network(hidden=(8,)), torch.randn(20, 4)
    with torch.no_grad():
        for unit in dead:
            whole[1].weight[unit] *= scale
            whole[4].weight[:, unit] = 0
    small = pruned(whole, len(dead) / 8)
    assert widths(small) == [8 - len(dead), 1]
    assert torch.allclose(small(x), whole(x), atol=1e-6)


def test_the_network_given_stays_as_it_is():
    whole = network()
    pruned(whole, 0.5)
    assert widths(whole) == [8, 6, 1]
    assert torch.equal(whole[1].weight, network()[1].weight)


def test_the_largest_magnitudes_are_kept():
    whole = network(hidden=(3,))
    with torch.no_grad():
        whole[1].weight[:] = torch.tensor([[1.0], [5.0], [3.0]]).expand(3, 4)
        whole[4].weight[:] = torch.tensor([[9.0, 1.0, 1.0]])
    assert pruned(whole, 1 / 3)[4].weight.tolist() == [[9.0, 1.0]]
