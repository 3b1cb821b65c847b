"""What is kept of a training is whole, its own, and never in the way."""

import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from embed.checkpoint import Kept, Shelf
from embed.state import restore, state_of

DTYPES = st.sampled_from(["f4", "f8", "i2", "i4", "i8", "u1", "?"])
ANY_ARRAY = DTYPES.flatmap(lambda dtype: arrays.arrays(np.dtype(dtype), arrays.array_shapes(min_dims=0, min_side=0)))


@given(st.dictionaries(st.text("abc.", min_size=1, max_size=5), ANY_ARRAY, max_size=3), st.text(max_size=9))
def test_what_is_put_is_what_is_got(tmp_path_factory, kept, said):
    shelf = Shelf(tmp_path_factory.mktemp("shelf"), "mine")
    shelf.put("transe (final)", Kept(kept, {"said": said}))
    found = shelf.get("transe (final)")
    assert found.said == {"said": said}
    assert found.arrays.keys() == kept.keys()
    for name, array in kept.items():
        assert found.arrays[name].dtype == array.dtype
        assert found.arrays[name].shape == array.shape
        assert found.arrays[name].tobytes() == array.tobytes()


def test_another_training_never_takes_it(tmp_path: Path):
    Shelf(tmp_path, "mine").put("transe", Kept({"a": np.arange(3)}))
    assert Shelf(tmp_path, "other").get("transe") is None
    assert Shelf(tmp_path, "mine").get("gnn") is None
    assert Shelf(tmp_path, "mine").get("transe") is not None


@pytest.mark.parametrize("where", [0, 20, 60, -1, None])
def test_what_is_damaged_counts_as_not_there(tmp_path: Path, where: int | None, caplog: pytest.LogCaptureFixture):
    shelf = Shelf(tmp_path, "mine")
    shelf.put("transe", Kept({"a": np.arange(100)}))
    (file,) = tmp_path.iterdir()
    data = bytearray(file.read_bytes())
    if where is None:
        del data[len(data) // 2 :]
    else:
        data[where] ^= 1
    file.write_bytes(data)
    assert shelf.get("transe") is None
    assert "learned again" in caplog.text or "mine" not in file.read_text("latin-1")


def test_it_is_time_again_after_a_while(tmp_path: Path):
    assert Shelf(tmp_path, "mine", every=0).due("transe")
    assert not Shelf(tmp_path, "mine", every=1e9).due("transe")


def test_a_full_disk_is_told_once_and_the_last_checkpoint_stays(tmp_path: Path):
    """In a process of its own, in which no file may become larger than 100 kB."""
    code = f"""
import numpy as np
from pathlib import Path
from embed.checkpoint import Kept, Shelf
shelf = Shelf(Path({str(tmp_path)!r}), "mine")
shelf.put("transe", Kept({{"a": np.arange(10)}}))
for _ in range(2):
    shelf.put("transe", Kept({{"a": np.arange(100_000)}}))
print(shelf.get("transe").arrays["a"].sum())
"""

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run([sys.executable, "-c", code], preexec_fn=limited, capture_output=True, text=True, check=True)
    assert done.stdout == "45\n"
    assert done.stderr.count("cannot be written") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["transe.safetensors"]


def test_a_state_goes_on_as_if_nothing_had_happened(tmp_path: Path):
    def step() -> None:
        optimiser.zero_grad()
        network(torch.randn(5, 3)).square().sum().backward()
        optimiser.step()

    torch.manual_seed(1)
    network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 1))
    optimiser = torch.optim.Adam(network.parameters(), 0.1)
    step()
    shelf = Shelf(tmp_path, "mine")
    shelf.put("here", Kept(state_of(network, optimiser)))
    step()
    wanted = [parameter.detach().clone() for parameter in network.parameters()]
    torch.manual_seed(2)
    network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 1))
    optimiser = torch.optim.Adam(network.parameters(), 0.1)
    restore(shelf.get("here").arrays, network, optimiser)
    step()
    assert all(a.equal(b) for a, b in zip(wanted, network.parameters(), strict=True))
