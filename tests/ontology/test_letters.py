"""Marks are all that Unicode calls so."""

import re
import sys

from ontology.letters import MARKS, is_mark, is_part_of_a_word


def test_marks_are_those_of_unicode():
    everything = map(chr, range(sys.maxunicode + 1))
    mark = re.compile(f"[{MARKS}]")
    assert all(is_mark(one) == bool(mark.match(one)) for one in everything)


def test_words_are_letters_digits_and_marks():
    assert [one for one in "a1é\u093f\u0301_ -." if is_part_of_a_word(one)] == ["a", "1", "é", "\u093f", "\u0301"]
