"""The state of a training between two epochs, as arrays: parameters, optimiser, random numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

Arrays = dict[str, NDArray[Any]]
_NETWORK, _OPTIMISER, _RANDOM = "network.", "optimiser.", "random."


def state_of(network: nn.Module, optimiser: Optimizer) -> Arrays:
    """All that the next epoch depends on. Copies nothing that is on the CPU: write it before the next step."""
    arrays = tensors(_NETWORK, network.state_dict())
    for number, state in optimiser.state_dict()["state"].items():
        arrays |= tensors(f"{_OPTIMISER}{number}.", state)
    arrays[f"{_RANDOM}cpu"] = torch.get_rng_state().numpy()
    if device := _cuda(network):
        arrays[f"{_RANDOM}cuda"] = torch.cuda.get_rng_state(device).numpy()
    return arrays


def restore(arrays: Arrays, network: nn.Module, optimiser: Optimizer) -> None:
    """Go back to that state; the random numbers are those of torch as a whole."""
    network.load_state_dict(named(_NETWORK, arrays))
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in named(_OPTIMISER, arrays).items():
        number, _, key = name.partition(".")
        state.setdefault(int(number), {})[key] = tensor
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
    torch.set_rng_state(torch.from_numpy(arrays[f"{_RANDOM}cpu"]))
    if device := _cuda(network):
        torch.cuda.set_rng_state(torch.from_numpy(arrays[f"{_RANDOM}cuda"]), device)


def tensors(prefix: str, named_tensors: dict[str, Tensor]) -> Arrays:
    """Tensors as arrays, whose names begin with the prefix."""
    return {prefix + name: np.asarray(tensor.detach().cpu()) for name, tensor in named_tensors.items()}


def named(prefix: str, arrays: Arrays) -> dict[str, Tensor]:
    """Arrays whose names begin with the prefix, as tensors, without it."""
    return {name.removeprefix(prefix): torch.from_numpy(a) for name, a in arrays.items() if name.startswith(prefix)}


def _cuda(network: nn.Module) -> torch.device | None:
    device = next(network.parameters()).device
    return device if device.type == "cuda" else None


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch for what draws by itself, such as dropout, and leave the caller's random numbers as they were."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
