"""Static text encoders are read as their own libraries read them; what is none is a sentence of what would work."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from safetensors.torch import save_file as save_torch

from embed.encoder import encoder_of, found
from embed.pieces import Pieces, pieces_of
from ontology.errors import InputError
from tests.embed.bert import bert
from tests.embed.encoders import DIM, WORDS, bpe, tiny, word_piece


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny(tmp_path / "encoder")


def read(tmp_path: Path, said: dict) -> Pieces | None:
    file = tmp_path / "tokenizer.json"
    file.write_text(json.dumps(said), encoding="utf-8")
    return pieces_of(file)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("River boat", ["river", "boat"]),
        ("unaffable", ["un", "##aff", "##able"]),
        ("Café.", ["cafe", "."]),
        ("a千ab", ["a", "千", "a", "##b"]),
        ("river\x00\tunknown riverx a", ["river", "a"]),
        ("", []),
    ],
)
def test_words_are_cut_into_the_longest_pieces(tmp_path: Path, text: str, pieces: list[str]):
    cut = read(tmp_path, word_piece())
    assert [WORDS[number] for number in cut(text)] == pieces


def test_large_letters_stay_where_the_file_says_so(tmp_path: Path):
    cut = read(tmp_path, word_piece(lower=False))
    assert [WORDS[number] for number in cut("River boat café")] == ["boat"]


@pytest.mark.parametrize("merges", [["a b", "b c", "▁ ab"], [["a", "b"], ["b", "c"], ["▁", "ab"]]])
def test_pairs_are_merged_in_the_order_they_were_learned_and_unknown_letters_are_bytes(tmp_path: Path, merges: list):
    said = bpe(merges)
    cut, names = read(tmp_path, said), list(said["model"]["vocab"])
    assert [names[i] for i in cut("abc  bc é")] == ["▁ab", "c", "▁", "bc", "▁", "<0xC3>", "<0xA9>"]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> list[Pieces]:
    return [read(tmp_path_factory.mktemp("pieces"), said) for said in (word_piece(), bpe(["a b"]))]


@given(text=st.text())
def test_any_text_is_cut_into_pieces_that_there_are(both: list[Pieces], text: str):
    for cut, known in zip(both, (len(WORDS), len(bpe(["a b"])["model"]["vocab"])), strict=True):
        assert all(0 <= piece < known for piece in cut(text))


def test_a_text_is_the_mean_of_its_pieces_of_length_1_and_one_of_which_nothing_is_known_is_0(folder: Path):
    table = load_file(folder / "model.safetensors")["embeddings"].astype(np.float32)
    one, unknown = encoder_of(str(folder))(["The river. A river boat", "nothing"])
    mean = table[[WORDS.index(word) for word in ("river", ".", "a", "river", "boat")]].mean(axis=0)
    np.testing.assert_allclose(one, mean / np.linalg.norm(mean), rtol=1e-5)
    assert not unknown.any()
    assert unknown.shape == (DIM,)


def test_a_table_may_be_shared_and_weighted_and_where_sentence_transformers_puts_it(tmp_path: Path):
    mapping, weights = np.arange(len(WORDS)) % 4, np.linspace(0.1, 2, len(WORDS))
    plain = load_file(tiny(tmp_path / "plain") / "model.safetensors")["embeddings"].astype(np.float32)
    shared = encoder_of(str(tiny(tmp_path / "shared", mapping=mapping, weights=weights)))(["castle un"])[0]
    mean = sum(plain[mapping[i]] * np.float32(weights[i]) for i in (WORDS.index("castle"), WORDS.index("un")))
    np.testing.assert_allclose(shared, mean / np.linalg.norm(mean), rtol=1e-5)
    inside = tiny(tmp_path / "library" / "0_StaticEmbedding")
    save_file({"embedding.weight": plain}, inside / "model.safetensors")
    np.testing.assert_allclose(
        encoder_of(str(inside.parent))(["castle"])[0], plain[3] / np.linalg.norm(plain[3]), rtol=1e-5
    )


def test_what_is_no_encoder_is_a_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("embed.encoder.find_spec", lambda _: None)  # as where it is not installed
    with pytest.raises(InputError, match=r"--set sentences\.path=FOLDER"):
        encoder_of("")
    with pytest.raises(InputError, match="no folder /nowhere/at/all"):
        encoder_of("/nowhere/at/all")
    other = word_piece() | {"pre_tokenizer": {"type": "Metaspace"}}
    (folder / "tokenizer.json").write_text(json.dumps(other), encoding="utf-8")
    with pytest.raises(InputError, match=r"`pip install 'kgrec\[text\]'` reads others"):
        found(str(folder))
    for broken in ("{", "[]", json.dumps(word_piece() | {"model": {"type": "WordPiece"}})):
        (folder / "tokenizer.json").write_text(broken, encoding="utf-8")
        with pytest.raises(InputError, match=r"is not the tokenizer\.json of a text encoder"):
            encoder_of(str(folder))
    (folder / "model.safetensors").write_bytes(b"no")
    with pytest.raises(InputError, match="is not a file of safetensors"):
        encoder_of(str(folder))


def test_what_the_library_cannot_load_is_a_sentence(tmp_path: Path):
    folder = bert(tmp_path)
    assert encoder_of(str(folder))(["river boat", " "]).any(axis=1).tolist() == [True, False]
    (folder / "config.json").write_text("{}")
    with pytest.raises(InputError, match=r"sentence-transformers cannot load .*encoder: "):
        encoder_of(str(folder))
    (folder / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"sentence-transformers cannot load .*encoder: "):
        encoder_of(str(folder))


def test_numbers_of_half_the_length_are_read_whichever_they_are(folder: Path):
    for table in (torch.eye(len(WORDS)).bfloat16(), torch.eye(len(WORDS)).half()):
        save_torch({"embeddings": table}, folder / "model.safetensors")
        assert encoder_of(str(folder))(["boat"])[0].tolist() == np.eye(len(WORDS))[WORDS.index("boat")].tolist()


@pytest.mark.parametrize("table", [torch.full((3, 2), float("nan")), torch.zeros(3)])
def test_a_table_of_no_use_is_a_sentence(folder: Path, table: torch.Tensor):
    save_torch({"embeddings": table}, folder / "model.safetensors")
    with pytest.raises(InputError, match=r"model\.safetensors: embeddings"):
        encoder_of(str(folder))
