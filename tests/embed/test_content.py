"""Vectors from content alone: the same for a new item as for a known one, and learned from no cold item's likes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from embed.adjacency import adjacency
from embed.content_choice import ITEM_GRID, USER_GRID, chosen, learn_content
from embed.content_files import content_arrays, content_from, content_names
from embed.content_learning import ContentOptions, Ridge, mean_of
from embed.content_text import vocabulary, words
from embed.said import NAMES, Said, said_in, text_of
from kg.snapshot import Snapshot
from tests.worlds import BOOKS, RELATIONS, N, events, triples, world

OPTIONS = ContentOptions(dim=6)


def likes(snapshot: Snapshot) -> np.ndarray:
    done = snapshot.interactions.where(snapshot.interactions.positive)
    return np.unique(np.stack([done.user, done.item], axis=1), axis=0)


def taught(snapshot: Snapshot, pairs: np.ndarray):
    graph = adjacency(snapshot.triples, N)
    return learn_content(snapshot, graph, pairs, OPTIONS, 0)[0], list(said_in(snapshot, graph))


@given(rows=triples(), happened=events())
@settings(deadline=None, max_examples=30)
def test_what_is_composed_anew_is_what_was_learned_whatever_else_is_composed_with_it(rows, happened):
    snapshot = world(rows, happened).snapshot
    content, said = taught(snapshot, likes(snapshot))
    for one in range(BOOKS):
        items, fold_in = content.compose([said[one]])
        np.testing.assert_allclose(items[0], content.items[one], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(fold_in[0], content.fold_in[one], rtol=1e-4, atol=1e-5)
    assert np.isfinite(content.items).all()
    assert (content.fold_in[:, -1] == 1).all()
    again = content_from(content_arrays(content), content_names(content))
    np.testing.assert_array_equal(again.compose(said)[0], content.compose(said)[0])


def test_an_item_that_says_nothing_or_what_nobody_knows_has_a_vector_too():
    content, _ = taught(world([], [(0, 1, 2), (1, 2, 3), (0, 3, 4)]).snapshot, np.array([[0, 2], [1, 3]], np.int32))
    strange = Said({"name": "unheard", "weight": 1e300, "flag": True}, (N - 1, BOOKS), {7: 3}, "unheard of")
    items, fold_in = content.compose([Said({}, (), {}, ""), strange])
    assert np.isfinite(items).all()
    assert np.isfinite(fold_in).all()
    items, _ = content.compose([])
    assert items.shape == (0, OPTIONS.dim)


def test_likes_of_one_author_promise_likes_of_the_same():
    written = RELATIONS.index("WRITTEN_BY")
    rows = [(book, written, 17 + book % 2) for book in range(BOOKS)]
    happened = [(user, at, book) for user in range(4) for at, book in enumerate(range(user % 2, BOOKS - 2, 2))]
    snapshot = world(rows, happened).snapshot
    pairs = np.array([(user, book) for user, _, book in happened], np.int32)
    content, _ = taught(snapshot, pairs)
    for parity in (0, 1):
        user = content.user(content.fold_in[pairs[pairs[:, 0] == parity, 1]])
        new = content.items[[10, 11]] @ user
        assert new[parity] > new[1 - parity]


def test_the_ridge_regressions_are_the_normal_equations():
    random = np.random.default_rng(0)
    z = np.concatenate([random.normal(size=(30, 5)), np.ones((30, 1))], axis=1).astype(np.float32)
    dense = (random.random((20, 30)) < 0.3).astype(np.float32)
    dense[:, 7] = 0
    found = Ridge(z, sparse.csr_matrix(dense), 4).fit(0.5, 0.01)
    users = mean_of(sparse.csr_matrix(dense), z @ found.users)
    np.testing.assert_allclose(users[:, -1], 1, rtol=1e-5)
    warm = dense.any(axis=0)
    spread = np.square(users - users.mean(axis=0)).sum() / 3
    penalty = np.diag([0.5 * spread] * 3 + [0])
    by_user = np.linalg.solve(users.T @ users + penalty, users.T @ dense[:, warm])
    content = z[warm].astype(np.float64)
    wanted = np.linalg.solve(content.T @ content + 0.01 * warm.sum() * np.eye(6), content.T @ by_user.T)
    np.testing.assert_allclose(found.items, wanted, rtol=1e-3, atol=1e-5)


def test_strengths_are_taken_as_given_and_else_from_the_grid():
    random = np.random.default_rng(0)
    z = np.concatenate([random.normal(size=(40, 5)), np.ones((40, 1))], axis=1).astype(np.float32)
    liked = sparse.csr_matrix((random.random((30, 40)) < 0.3).astype(np.float32))
    assert chosen(z, liked, ContentOptions(4, 0, 0.2, 0.3), 0) == (0.2, 0.3)
    user, item = chosen(z, liked, ContentOptions(4), 0)
    assert user in USER_GRID
    assert item in ITEM_GRID
    assert chosen(z, liked, ContentOptions(4), 0) == (user, item)
    nothing = sparse.csr_matrix((30, 40), dtype=np.float32)
    assert chosen(z, nothing, ContentOptions(4), 0) in {(u, i) for u in USER_GRID for i in ITEM_GRID}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Say Anything... (1989)", ["say", "anything", "1989"]),
        ("肖申克的救赎", ["肖申", "申克", "克的", "的救", "救赎"]),
        ("霸王别姬 Farewell", ["霸王", "王别", "别姬", "farewell"]),
        ("千と千尋の神隠し", ["千と", "と千", "千尋", "尋の", "の神", "神隠", "隠し"]),
        ("爱", ["爱"]),
        ("Amélie ÉCLAIR ﬁn", ["amélie", "éclair", "fin"]),
        ("हिन्दी फ़िल्म", ["हिन्दी", "फ़िल्म"]),
        ("தமிழ் 2", ["தமிழ்", "2"]),
        ("ไทย", ["ไท", "ทย"]),
        ("x̂ and y", ["x̂", "and", "y"]),
        ("under_score – 🎬", ["under", "score"]),
        ("", []),
    ],
)
def test_words_of_any_writing(text: str, wanted: list[str]):
    assert words(text) == wanted


@given(texts=st.lists(st.text(max_size=20), max_size=8), most=st.integers(0, 10))
def test_a_vocabulary_has_what_two_texts_share_and_weights_of_length_1(texts, most):
    told = vocabulary(texts, most)
    in_texts = {word: sum(word in words(text) for text in texts) for text in texts for word in words(text)}
    shared = {word for word, n in in_texts.items() if n >= 2}
    assert set(told.words) <= shared
    assert len(told.words) == min(most, len(shared))
    for text in texts:
        number, weight = told.weights(text)
        assert {told.words[i] for i in number} == set(words(text)) & set(told.words)
        assert not len(weight) or np.linalg.norm(weight) == pytest.approx(1, abs=1e-5)


def test_an_address_is_no_text_and_a_hub_says_little():
    assert text_of({"name": "A", "sameAs": "https://example.org/B"}, ["C"]) == "A \nC"
    assert len(text_of({}, (f"n{i}" for i in range(10 * NAMES))).split()) == NAMES
