"""A smaller network: the hidden units that say least are taken out, and no zeros are left to multiply."""

import copy
from itertools import pairwise

from torch import Tensor, nn


def pruned(network: nn.Sequential, part: float) -> nn.Sequential:
    """The network without that part of the units of each hidden layer; at least one unit stays.

    A unit's magnitude is the length of its incoming weights times that of its outgoing ones: behind a ReLU the one
    can grow as the other shrinks and nothing changes (Neyshabur et al. 2015, Path-SGD), so neither alone says much.
    """
    small = copy.deepcopy(network)
    for before, after in pairwise([layer for layer in small if isinstance(layer, nn.Linear)]):
        magnitude = before.weight.norm(dim=1) * after.weight.norm(dim=0)
        n = max(1, round(len(magnitude) * (1 - part)))
        kept = magnitude.topk(n).indices.sort().values
        _replace(before, before.weight[kept], before.bias[kept])
        _replace(after, after.weight[:, kept], after.bias)
    return small


def _replace(layer: nn.Linear, weight: Tensor, bias: Tensor) -> None:
    layer.weight, layer.bias = (nn.Parameter(values.detach().clone()) for values in (weight, bias))
    layer.out_features, layer.in_features = layer.weight.shape
