"""An encoder learns from likes which words go together, and texts of new items gain by it."""

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import cosine_similarity, normalize

from embed.encoder import Static, Transformer, encoder_of
from embed.encoder_tuning import Read, Texts, TuningOptions, _Partners, contrast, tuned
from embed.lesson import Lesson
from ontology.errors import InputError
from tests.embed.bert import bert
from tests.embed.encoders import DIM, tiny
from tests.retrieval.test_training import BOOKS, library

OPTIONS = TuningOptions(epochs=20, learning_rate=0.05)
OF_TRANSFORMERS = TuningOptions(epochs=30, learning_rate=0.01)
PHASE = "sentences.tuning"
Encoder = Static | Transformer
WORDS = ("river", "boat", "castle", "knight")


@pytest.fixture(scope="module", params=[tiny, bert])
def encoder(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Encoder:
    found = encoder_of(str(request.param(tmp_path_factory.mktemp("encoder"))))
    assert isinstance(found, Static) == (request.param is tiny)
    return found


@pytest.fixture
def options(encoder: Encoder) -> TuningOptions:
    return OPTIONS if isinstance(encoder, Static) else OF_TRANSFORMERS


def learned(lesson: Lesson, encoder: Encoder, said: list[str], options: TuningOptions) -> np.ndarray:
    """A transformer moves as it learns, so a copy does."""
    return tuned(lesson, copy.deepcopy(encoder), said, options, PHASE)


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    """One half of the shelf has liked rivers and boats, the other castles and knights, a word in each text."""
    seen = library()
    known = seen.interactions.where(~np.isin(seen.interactions.item, [0, 1, BOOKS - 2, BOOKS - 1]))
    return Lesson(replace(seen, interactions=known), known)


@pytest.fixture(scope="module")
def said() -> list[str]:
    return [WORDS[2 * (item >= BOOKS // 2) + item % 2] for item in range(BOOKS)]


def test_untuned_a_text_has_the_vector_that_the_encoder_gives(lesson: Lesson, encoder: Encoder):
    texts = ["the river. a boat", "nothing", "", "unaffable castle", *["knight"] * (BOOKS - 4)]
    found = learned(lesson, encoder, texts, TuningOptions(epochs=0))
    np.testing.assert_allclose(found, encoder(texts), atol=1e-6)
    assert found.dtype == np.float32
    unknown = [1, 2] if isinstance(encoder, Static) else [2]
    assert (np.flatnonzero(~found.any(axis=1)) == unknown).all()


def test_texts_of_what_is_liked_together_come_close_and_others_apart(
    lesson: Lesson, encoder: Encoder, said: list[str], options: TuningOptions
):
    before, after = encoder(said), learned(lesson, encoder, said, options)
    half = np.arange(BOOKS) < BOOKS // 2
    for vectors, apart in ((before, False), (after, True)):
        cosine = vectors @ vectors.T
        same, other = cosine[np.ix_(half, half)].mean(), cosine[np.ix_(half, ~half)].mean()
        assert (same - other > 0.5) == apart, (same, other)
    assert after[0] @ after[1] > 0.7 > before[0] @ before[1], "nobody has met these two books, but their words"


def test_another_like_of_the_same_user_is_drawn_never_the_same_and_all_of_them(lesson: Lesson):
    partners, rows = _Partners(lesson), torch.arange(len(lesson.likes)).repeat(300)
    item, other = partners.item[rows].numpy(), partners.of(rows).numpy()
    assert (item != other).all()
    user = lesson.likes[rows % len(lesson.likes), 0]
    liked = {(u, i) for u, i in lesson.likes.tolist()}
    assert {(u, i) for u, i in zip(user.tolist(), other.tolist(), strict=True)} == liked


def test_users_with_one_like_say_nothing(lesson: Lesson, encoder: Encoder, said: list[str]):
    _, first = np.unique(lesson.known.user, return_index=True)
    single = lesson.known.where(np.isin(np.arange(len(lesson.known.user)), first))
    found = learned(replace(lesson, known=single), encoder, said, OPTIONS)
    np.testing.assert_allclose(found, encoder(said), atol=1e-6)


def test_the_loss_is_that_of_the_paper_without_what_was_drawn_of_the_two(encoder: Encoder, said: list[str]):
    network, tau = Texts(encoder, said) if isinstance(encoder, Static) else Read(encoder, said), 0.5
    item, other, drawn = torch.tensor([0, 5]), torch.tensor([1, 6]), torch.tensor([BOOKS - 1, 1, 5, BOOKS - 2])
    vectors = torch.from_numpy(encoder(said))

    def cosine(a: int, b: int) -> torch.Tensor:
        return cosine_similarity(vectors[a], vectors[b], dim=0)

    losses = []
    for a, b in ((0, 1), (5, 6)):
        among = [b, *(c for c in drawn.tolist() if c not in (a, b))]
        losses.append(-torch.log_softmax(torch.stack([cosine(a, c) for c in among]) / tau, dim=0)[0])
    torch.testing.assert_close(contrast(network, item, other, drawn, tau), torch.stack(losses).mean())


def test_the_gradient_is_that_of_all_texts_read_at_once(tmp_path: Path, said: list[str]):
    network = Read(encoder_of(str(bert(tmp_path))), said)
    wanted = torch.linspace(-1, 1, BOOKS)
    at_once = normalize(network.model(network._encoder.tokens(said))["sentence_embedding"], dim=1)
    weights = [weight for name, weight in network.named_parameters() if "pooler" not in name]
    one, other = (
        torch.autograd.grad((wanted @ found).sum(), weights) for found in (network(torch.arange(BOOKS)), at_once)
    )
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-3)


def test_the_same_seed_is_the_same_bits_and_another_is_not(
    lesson: Lesson, encoder: Encoder, said: list[str], options: TuningOptions
):
    few = replace(options, epochs=2)
    first, again = (learned(lesson, encoder, said, few).tobytes() for _ in range(2))
    assert first == again
    assert learned(replace(lesson, seed=1), encoder, said, few).tobytes() != first


def test_divergence_is_a_sentence(lesson: Lesson, said: list[str]):
    table = np.full((20, DIM), np.float32(3e38))
    with pytest.raises(InputError, match=r"smaller sentences\.tuning\.learning_rate"):
        learned(lesson, Static(table, lambda text: [WORDS.index(text)] * 2), said, OPTIONS)
