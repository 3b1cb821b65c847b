"""What the ranker learns from is the same, whether one process makes it or several."""

import numpy as np
import pytest

from embed.learning import learn
from embed.split import held_out_by_time
from retrieval import examples as module
from retrieval.cases import users_after
from retrieval.examples import examples
from tests.retrieval.test_training import QUICK, library


@pytest.mark.parametrize("most", [30, 17])
def test_several_processes_make_what_one_makes(monkeypatch, most):
    seen = library()
    later = held_out_by_time(seen.interactions, 0.2)
    teachers = learn(seen, ~later, QUICK.teachers).teachers
    made = []
    for fewest in (most, 4):
        monkeypatch.setattr(module, "FEWEST", fewest)
        made.append(examples(seen.interactions, ~later, later, teachers, most))
    assert len(made[0]) == len(made[1]) == min(most, len(users_after(seen.interactions, later)))
    for some, others in zip(*made, strict=True):
        for one, other in zip(some, others, strict=True):
            np.testing.assert_array_equal(one, other)
