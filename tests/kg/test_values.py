import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg import values


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_integers_of_64_bits_are_read_back(number: int) -> None:
    assert values.integer(str(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_back(number: float) -> None:
    assert math.isclose(values.number(repr(number)), number, rel_tol=0, abs_tol=0)


@given(st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)))
def test_times_agree_in_all_units(time: datetime) -> None:
    milliseconds = round(time.timestamp() * 1000)
    assert values.iso_time(time.isoformat()) == milliseconds
    assert values.milliseconds(str(milliseconds)) == milliseconds
    assert values.seconds(f"{milliseconds // 1000}") == milliseconds // 1000 * 1000


@pytest.mark.parametrize("text", ["", "1.0", "1e3", "१", " 1", "1_0", "9223372036854775808", "--1"])
def test_not_an_integer(text: str) -> None:
    with pytest.raises(ValueError, match="is not an integer"):
        values.integer(text)


@pytest.mark.parametrize("text", ["", "inf", "-Infinity", "nan", "1,5", "0x10", "1e999", "."])
def test_not_a_number(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        values.number(text)
