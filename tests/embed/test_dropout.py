"""The quick dropout does what torch's does: on average, in its gradient, and nothing in service."""

import pytest
import torch
from torch import Tensor

from embed.dropout import QuickDropout


def dropped(p: float, x: Tensor, seed: int = 0) -> Tensor:
    torch.manual_seed(seed)
    return QuickDropout(p)(x)


@pytest.mark.parametrize("p", [0.1, 0.2, 0.5, 0.9])
def test_a_part_is_zero_and_the_mean_stays(p: float):
    y = dropped(p, torch.ones(1001, 333))
    assert (y == 0).float().mean().item() == pytest.approx(p, abs=1 / 256)
    assert y.mean().item() == pytest.approx(1, abs=0.02)
    assert len(y.unique()) == 2


def test_each_element_is_drawn_on_its_own():
    kept = (dropped(0.5, torch.ones(64, 10_000)) > 0).double()
    between = torch.corrcoef(kept)[~torch.eye(64, dtype=torch.bool)]
    assert between.abs().max() < 0.06  # six standard deviations


def test_the_gradient_passes_where_the_value_does():
    x = torch.randn(50, 7, requires_grad=True)
    y = dropped(0.3, x)
    y.sum().backward()
    torch.testing.assert_close(x.grad * x, y)


def test_the_seed_decides():
    x = torch.ones(100, 3)
    assert torch.equal(dropped(0.3, x), dropped(0.3, x))
    assert not torch.equal(dropped(0.3, x), dropped(0.3, x, seed=1))


@pytest.mark.parametrize("shape", [(0, 4), (1,), (3, 1, 5)])
def test_shapes(shape: tuple[int, ...]):
    assert dropped(0.5, torch.ones(shape)).shape == shape


def test_nothing_is_dropped_in_service_or_without_a_part():
    x = torch.randn(20, 3)
    assert torch.equal(QuickDropout(0.5).eval()(x), x)
    assert torch.equal(dropped(0.0, x), x)
    assert not dropped(1.0, x).any()
