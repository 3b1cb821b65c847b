"""Networks side by side say the mean of what each says by itself."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from embed.ranker_network import linear_layers, log_odds, ranker_network, side_by_side

HIDDEN = st.lists(st.integers(1, 6), max_size=3).map(tuple)


@settings(max_examples=30)
@given(hidden=HIDDEN, members=st.integers(1, 4), seed=st.integers(0, 99))
def test_they_say_the_mean(hidden: tuple[int, ...], members: int, seed: int):
    torch.manual_seed(seed)
    x = torch.randn(20, 5)
    networks = [ranker_network(x, hidden, 0.2) for _ in range(members)]
    joined = side_by_side(networks)
    mean = np.mean([log_odds(network, x) for network in networks], axis=0)
    np.testing.assert_allclose(log_odds(joined, x), mean, atol=1e-5)
    assert [layer.out_features for layer in linear_layers(joined)] == [*(members * size for size in hidden), 1]


def test_those_that_are_joined_stay_as_they_are():
    x = torch.randn(20, 5)
    networks = [ranker_network(x, (4, 3), 0.2) for _ in range(2)]
    before = [log_odds(network, x) for network in networks]
    for value in side_by_side(networks).parameters():
        value.data.zero_()
    for network, said in zip(networks, before, strict=True):
        np.testing.assert_array_equal(log_odds(network, x), said)
