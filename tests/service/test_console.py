"""What is printed for machines is JSON, whatever the numbers."""

import json
from math import inf, nan

import pytest

from service import console


def test_numbers_that_are_not_finite_are_null(capsys: pytest.CaptureFixture[str]):
    console.as_json({"margin": inf, "rows": ({"p": nan}, -inf, 1.5, "inf", None)})
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail) == {
        "margin": None,
        "rows": [{"p": None}, None, 1.5, "inf", None],
    }
