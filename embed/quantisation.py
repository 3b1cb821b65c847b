"""The ranker in 8 bits: what a layer takes are bytes, its weights are bytes, and it adds in integers."""

import torch
from torch import Tensor, nn

from embed.ranker_attention import Rows, features_of

BYTE = 255
LARGEST = 64
"""Of a weight: 2 * 255 * 64 fits 16 bits, in which processors without VNNI add two products. More would overflow
there, and the same bundle would score differently on another machine."""
FINEST = 1e-4
"""The smallest scale, so that the bias of a layer without input or weights stays within 32 bits."""


class QuantisedLinear(nn.Module):
    """A linear layer in integers (Jacob et al. 2018, equations 1 and 4); `forward` computes what ONNX Runtime does.

    Inputs: uint8 with `scale` and `zero`, for the range they have in `sample` float32 (n, i). Weights: int8 (o, i)
    with one `weight_scale` per unit float32 (o,). `bias` int32 (o,) counts in scale * weight_scale.
    """

    def __init__(self, layer: nn.Linear, sample: Tensor) -> None:
        super().__init__()
        low, high = sample.min().clamp_max(0), sample.max().clamp_min(0)
        scale = ((high - low) / BYTE).clamp_min(FINEST)
        weight_scale = (layer.weight.detach().abs().amax(1) / LARGEST).clamp_min(FINEST)
        self.scale: Tensor
        self.zero: Tensor
        self.weight_scale: Tensor
        self.weight: Tensor
        self.bias: Tensor
        self.register_buffer("scale", scale)
        self.register_buffer("zero", (-low / scale).round().to(torch.uint8))
        self.register_buffer("weight_scale", weight_scale)
        self.register_buffer("weight", (layer.weight.detach() / weight_scale[:, None]).round().to(torch.int8))
        self.register_buffer("bias", (layer.bias.detach() / (scale * weight_scale)).round().to(torch.int32))

    def forward(self, x: Tensor) -> Tensor:
        """From float32 (n, i) to float32 (n, o). In float64 the integers and their sums are exact."""
        taken = ((x / self.scale).round() + self.zero).clamp(0, BYTE) - self.zero
        total = taken.double() @ self.weight.double().T + self.bias
        return (total * (self.scale * self.weight_scale)).float()


def quantised(network: nn.Sequential, sample: Rows) -> nn.Sequential:
    """The network with all linear layers but the first in 8 bits; `sample`, n candidates, shows their inputs' ranges.

    The first takes standardised features, some of which reach 17 deviations: a byte for all of them would be coarse,
    and with so few inputs it would not be faster. Attention comes before it, and stays in float, too.
    """
    layers: list[nn.Module] = []
    x = sample
    with torch.no_grad():
        for layer in network:
            later = any(isinstance(earlier, nn.Linear) for earlier in layers)
            layers.append(QuantisedLinear(layer, features_of(x)) if later and isinstance(layer, nn.Linear) else layer)
            x = layer(x)
    return nn.Sequential(*layers).eval()
