import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from embed.adjacency import adjacency

N = 8
TRIPLES = st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, 3), st.integers(0, N - 1)), max_size=40)


@given(rows=TRIPLES)
def test_every_triple_is_walked_both_ways_and_nothing_else(rows):
    graph = adjacency(np.array(rows, np.int32).reshape(-1, 3), N)
    expected = sorted([(h, t, r) for h, r, t in rows] + [(t, h, -1 - r) for h, r, t in rows])
    walked = []
    for entity in range(N):
        neighbours, relations = graph.row(entity)
        assert list(neighbours) == sorted(neighbours)
        walked += [(entity, int(n), int(r)) for n, r in zip(neighbours, relations, strict=True)]
    assert sorted(walked) == expected
    assert graph.degree(np.arange(N)).sum() == 2 * len(rows)


@given(rows=TRIPLES, entities=st.lists(st.integers(0, N - 1), max_size=10))
def test_gathering_many_is_gathering_each(rows, entities):
    graph = adjacency(np.array(rows, np.int32).reshape(-1, 3), N)
    owner, neighbour = graph.gather(np.array(entities, np.int64))
    expected = [(i, int(n)) for i, e in enumerate(entities) for n in graph.row(e)[0]]
    assert list(zip(owner.tolist(), neighbour.tolist(), strict=True)) == expected
