"""Turns what a pretrained text encoder says of items towards likes: the encoder itself, then two linear maps.

A static encoder is fine-tuned (embed/encoder_tuning.py), a transformer where it is asked for. The maps are those of
the content teacher (embed/content_learning.py), with the vectors of texts in the place of its content, and their
regularisation is chosen as its is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from embed.content_choice import chosen
from embed.content_learning import ContentOptions, Ridge
from embed.encoder import Encoder, Static, Transformer, Vectors, encoder_of, found
from embed.encoder_tuning import TuningOptions, tuned
from embed.lesson import Lesson
from embed.memory import Need
from embed.sentences import Sentences
from kg.bounds import Count, Positive
from kg.snapshot import Snapshot

_WIDEST = 1024
"""Dimensions of an encoder, as many as most have at most."""
_FLOATS = 6
"""Of each dimension of a text: its vector, centred, in double, and what is held out of it."""
_UNPACKED = 3
"""What a file of half floats becomes, with itself."""
_TUNED = 8
"""A table of them as it is tuned, if all of it occurs: itself, its gradient, and Adam's two."""
_LAYERS = 2 << 30
"""What the layers of a transformer say of the texts that it reads at once while it is tuned."""
_PIECES = 12
"""For each letter of a property, four of which are about a piece: its number, twice over; and as much of names."""


@dataclass(frozen=True)
class SentencesOptions:
    """`path` is the folder of the encoder (see embed/encoder.py). `tuning` is of a static one, `transformer` of any
    other, each step of which is a thousand times as dear; 0 epochs leave it as it is.

    The two strengths of regularisation are as those of the content teacher; None: the best of the same grid.
    """

    path: str = ""
    dim: Count = 64
    tuning: TuningOptions = field(default_factory=TuningOptions)
    transformer: TuningOptions = field(default_factory=lambda: TuningOptions(epochs=0, learning_rate=2e-5))
    user_regularisation: Positive | None = None
    item_regularisation: Positive | None = None


def learn(lesson: Lesson, options: SentencesOptions) -> Sentences:
    """Read all texts, then learn from likes; items without likes get vectors by their texts, too.

    The same seed and encoder give the same bits. Raises InputError without an encoder.
    """
    z = texts(lesson, options)
    likes = lesson.likes
    liked = sparse.csr_matrix((np.ones(len(likes), np.float32), likes.T), (lesson.n_users, lesson.n_items))
    strengths = ContentOptions(options.dim, 0, options.user_regularisation, options.item_regularisation)
    user, item = chosen(z, liked, strengths, lesson.seed)
    fitted = Ridge(z, liked, options.dim).fit(user, item)
    return Sentences(z @ fitted.items, z @ fitted.users)


def texts(lesson: Lesson, options: SentencesOptions) -> Vectors:
    """The text of each item, float32 (I, k + 1): around 0, with a mean square of 1, and 1 in the last column."""
    encoder, said = encoder_of(options.path, lesson.device), lesson.texts()
    read = _read(lesson, encoder, said, options)
    around = read - read.mean(axis=0)
    size = float(np.sqrt(np.square(around, dtype=np.float64).sum() / len(around)))
    return np.concatenate([around / max(size, 1e-9), np.ones((len(around), 1))], axis=1).astype(np.float32)


def _read(lesson: Lesson, encoder: Encoder, said: Sequence[str], options: SentencesOptions) -> Vectors:
    if isinstance(encoder, Static) and options.tuning.epochs:
        return tuned(lesson, encoder, said, options.tuning, "sentences.tuning")
    if isinstance(encoder, Transformer) and options.transformer.epochs:
        return tuned(lesson, encoder, said, options.transformer, "sentences.transformer")
    return encoder(said)


def need(snapshot: Snapshot, options: SentencesOptions) -> Need:
    """The encoder, its tuning, and the vectors of texts. Raises InputError without an encoder, before all learning."""
    folder, cut = found(options.path)
    encoder = sum(file.stat().st_size for file in folder.rglob("*.safetensors"))
    read = _UNPACKED * encoder + 4 * _FLOATS * snapshot.n_items * _WIDEST
    if cut is not None and options.tuning.epochs:
        read += _TUNED * encoder + _PIECES * sum(map(len, snapshot.properties[: snapshot.n_items]))
    elif cut is None and options.transformer.epochs:
        read += _TUNED * encoder + _LAYERS
    return Need("sentences", "sentences.dim", options.dim, lambda dim: read + 8 * dim * snapshot.n_items)
