"""The picture of learning curves: it is an SVG that names what it draws, repeats, and leaves the home folder alone."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from embed.picture import draw

CURVES = {
    "transe (final)": {"loss": [3.0, 2.0, 1.5]},
    "graph network (final)": {"loss": [1.0, 0.5], "gain": [0.1, 0.2]},
}


def test_it_names_phases_measures_and_trainings_and_repeats():
    text = draw({"one": CURVES, "two": {"ranker": {"loss": [0.7], "validation loss": [0.8], "ndcg": [0.5]}}})
    root = ET.fromstring(text)  # it is XML
    said = {element.text for element in root.iter() if element.text}
    assert {"transe (final)", "graph network (final)", "ranker", "epoch", "loss", "gain", "ndcg"} <= said
    assert {"one: loss", "two: loss", "two: validation loss", "one: what is judged by"} <= said
    assert text == draw({"one": CURVES, "two": {"ranker": {"loss": [0.7], "validation loss": [0.8], "ndcg": [0.5]}}})


@pytest.mark.parametrize("trainings", [{}, {"old": {}}])
def test_without_curves_it_says_so(trainings: dict):
    assert "no curves were written down" in draw(trainings)


def test_it_writes_nothing_to_the_home_folder(tmp_path: Path):
    env = {name: value for name, value in os.environ.items() if name != "MPLCONFIGDIR"} | {"HOME": str(tmp_path)}
    code = "from embed.picture import draw; draw({'a': {'b': {'loss': [1.0]}}})"
    subprocess.run([sys.executable, "-c", code], env=env, check=True)
    assert list(tmp_path.iterdir()) == []
