r"""What words are made of, in every writing: `\w`, and the marks that it leaves out, such as the vowels of Hindi."""

import unicodedata

_BLOCKS = (
    range(0x300, 0x3100),
    range(0xA600, 0xAC00),
    range(0xFB00, 0xFF00),
    range(0x10000, 0x12000),
    range(0x13400, 0x13500),
    range(0x16000, 0x17000),
    range(0x1BC00, 0x1BD00),
    range(0x1CF00, 0x1D300),
    range(0x1DA00, 0x1EB00),
    range(0xE0100, 0xE0200),
)
"""Where Unicode has marks (category M). Looking through all of it would take 30 times as long, at every start."""


def is_mark(character: str) -> bool:
    """Whether it is written onto the letter before it."""
    return unicodedata.category(character)[0] == "M"


def is_part_of_a_word(character: str) -> bool:
    """Whether it is a letter, a digit, or a mark on one."""
    return character.isalnum() or is_mark(character)


def _marks() -> str:
    """All marks, as they stand between the brackets of a regular expression."""
    runs: list[list[int]] = []
    for code in (code for block in _BLOCKS for code in block if is_mark(chr(code))):
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in runs)


MARKS = _marks()
"""For regular expressions, where `\\w` has none of them: f"[\\w{MARKS}]"."""
