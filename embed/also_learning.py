"""How the teachers that `also` names learn, and what memory that takes: one entry each. Never imported by serving."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from embed import (
    als_learning,
    attention_learning,
    fpmc_learning,
    kernel_learning,
    online_learning,
    sentences_learning,
    svdpp_learning,
    word2vec_learning,
)
from embed.also import KINDS, Also
from embed.lesson import Lesson
from embed.memory import Need
from kg.snapshot import Snapshot


class Learner(NamedTuple):
    """`learn` and `need` get the teacher's own options: those that the options of all teachers have by its name."""

    learn: Callable[[Lesson, Any], Also]
    need: Callable[[Snapshot, Any], Need]


LEARNERS = {
    "als": Learner(als_learning.learn, als_learning.need),
    "fpmc": Learner(fpmc_learning.learn, fpmc_learning.need),
    "attention": Learner(attention_learning.learn, attention_learning.need),
    "svdpp": Learner(svdpp_learning.learn, svdpp_learning.need),
    "online": Learner(online_learning.learn, online_learning.need),
    "sentences": Learner(sentences_learning.learn, sentences_learning.need),
    "word2vec": Learner(word2vec_learning.learn, word2vec_learning.need),
    "kernel": Learner(kernel_learning.learn, kernel_learning.need),
}
"""By the names of embed/also.py."""


def learn_also(lesson: Lesson, options: Any) -> dict[str, Also]:
    """What each teacher of `options.also` has learned, as a phase of its name that is timed and kept."""

    def learned(name: str) -> Also:
        def made() -> Also:
            lesson.run.step(name, 0, 1)
            found = LEARNERS[name].learn(lesson, getattr(options, name))
            lesson.run.step(name, 1, 1)
            return found

        return lesson.run.finished(name, KINDS[name], made)

    return {name: learned(name) for name in options.also}


def needs_also(snapshot: Snapshot, options: Any) -> Iterator[Need]:
    """What each teacher of `options.also` needs, as it would be if all interactions were likes."""
    for name in options.also:
        yield LEARNERS[name].need(snapshot, getattr(options, name))
