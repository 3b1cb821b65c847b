"""A transformer as small as can be, in the files of the library sentence-transformers."""

from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from tests.embed.encoders import WORDS

_SPECIAL = {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
_SIZE = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}


def bert(folder: Path) -> Path:
    """A folder in the folder, with random weights; it knows the words that the static encoder knows."""
    words = [*WORDS, *_SPECIAL.values()]
    cut = Tokenizer(models.WordPiece({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    cut.normalizer, cut.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    ends = [(name, words.index(name)) for name in ("[CLS]", "[SEP]")]
    cut.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B [SEP]", ends)
    torch.manual_seed(0)
    base = folder / "base"
    BertModel(BertConfig(vocab_size=len(words), max_position_embeddings=32, **_SIZE)).save_pretrained(base)
    PreTrainedTokenizerFast(tokenizer_object=cut, unk_token="[UNK]", **_SPECIAL).save_pretrained(base)
    layers = [Transformer(str(base), max_seq_length=32), Pooling(_SIZE["hidden_size"])]
    SentenceTransformer(modules=layers, device="cpu").save(str(folder / "encoder"), create_model_card=False)
    return folder / "encoder"
