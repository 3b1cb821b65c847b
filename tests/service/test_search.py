"""Items that match a filter are found by nothing, in order, as by a look at each of them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kg.entries import Edit
from kg.triples import Ref
from retrieval.filters import Matching
from retrieval.items import Items
from service.search import Searchable
from tests.worlds import BOOKS, world


@given(mask=st.lists(st.booleans(), min_size=BOOKS, max_size=BOOKS), words=st.sampled_from(["", " ", "the b1"]))
def test_a_filter_without_words_finds_all_that_match(mask: list[bool], words: str):
    bundle = world([]).bundle
    items = Items(bundle)
    items.take(Edit("", "delete", Ref("Book", "b3")))
    items.take(Edit("", "put", Ref("Book", "new"), {"name": "The b1 again"}))
    found = Searchable(bundle.catalog, items).search(words, 0, 99, Matching(np.array(mask), frozenset({"new"})))
    left = [f"b{i}" for i in range(BOOKS) if mask[i] and i != 3 and f"the b{i}".startswith(words.strip())]
    assert [one.key for one in found] == [*left, "new"]
