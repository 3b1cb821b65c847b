import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kg.columns import load_table, map_arrays, save_arrays, save_table
from ontology.errors import InputError

ARRAYS = st.dictionaries(
    st.sampled_from("abc"),
    hnp.arrays(
        st.sampled_from(["<f4", "<i8", "<i4", "<i2", "?"]), hnp.array_shapes(min_dims=1, min_side=0, max_side=5)
    ),
)


@given(arrays=ARRAYS)
def test_arrays_come_back_as_they_were_and_cannot_be_written(arrays, tmp_path_factory):
    path = tmp_path_factory.mktemp("columns") / "a.safetensors"
    save_arrays(path, arrays)
    mapped = map_arrays(path)
    assert mapped.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(mapped[name], array)
        assert mapped[name].dtype == array.dtype
        assert not array.size or not mapped[name].flags.writeable


@pytest.mark.parametrize("keep", [0, 7, 20, -1])
def test_a_file_cut_short_is_refused(tmp_path: Path, keep: int):
    path = tmp_path / "a.safetensors"
    save_arrays(path, {"x": np.arange(1000)})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"a\.safetensors"):
        map_arrays(path)


@given(text=st.lists(st.text(st.characters(codec="utf-8"))))
def test_a_table_of_text_comes_back(text, tmp_path_factory):
    path = tmp_path_factory.mktemp("columns") / "t.parquet"
    save_table(path, {"name": text})
    assert load_table(path) == {"name": tuple(text)}


def test_a_full_disk_is_an_os_error(tmp_path: Path):
    """In a process of its own, in which no file may become larger than 20 kB."""
    code = f"""
import numpy as np
from pathlib import Path
from kg.columns import save_arrays, save_table
folder = Path({str(tmp_path)!r})
for save in (
    lambda: save_arrays(folder / "a", {{"a": np.zeros(10_000)}}),
    lambda: save_table(folder / "b", {{"a": [str(i) * 9 for i in range(20_000)]}}),
):
    try:
        save()
    except OSError as error:
        print(error.strerror)
"""

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = subprocess.run([sys.executable, "-c", code], preexec_fn=limited, capture_output=True, text=True, check=True)
    assert [line.count("File too large") for line in done.stdout.splitlines()] == [1, 1]
