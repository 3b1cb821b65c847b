"""Bytes as text: which encoding, and what becomes of bytes that are not in it."""

import codecs
import re

from charset_normalizer import from_bytes

from kg.formats.limits import SHOWN
from ontology.errors import InputError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""UTF-32 before UTF-16, whose mark it begins with."""
_NO_CHARSETS = {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "utf_7"}
_ENOUGH = 20
"""Bytes above 127 that a guess needs: fewer fit several encodings, and a wrong letter is worse than a refusal."""
_LATIN = ("cp1252", "cp1250", "cp1254", "cp1257", "iso8859_2")
"""Encodings of Latin letters, the usual ones first."""
_OTHERS = ("cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "cp932", "euc_jp", "gb18030", "big5", "cp949")
"""The others in which catalogs come. Text in any of these is readable in one that nobody uses any more, too."""
_CLOSE = 0.1
"""So much less clean is the text of a usual encoding which is taken all the same: French and Portuguese are clean in
cp1250 as well, with wrong letters."""
_ESCAPED = re.compile("[\ud800-\udfff]")
ERRORS = "kg.escape"


def _escape(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no text become lone surrogates, as in PEP 383, here for UTF-16 too; the row is then refused."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(ERRORS, _escape)


def decoder(encoding: str) -> codecs.IncrementalDecoder:
    """A decoder that never fails: bytes that are not in the encoding become lone surrogates."""
    return codecs.getincrementaldecoder(encoding)(errors=ERRORS)


def found(sample: bytes, given: str | None, name: str) -> str:
    """The encoding: given, or by its mark, or UTF-8 where that fits at all, or guessed. Raises InputError."""
    if given is not None:
        return _known(given, name)
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding
    text = decoder("utf-8").decode(sample)
    if b"\0" in sample[:100] and (wide := _wide(sample)):
        return wide
    wrong = len(_ESCAPED.findall(text))
    right = sum(character > "\x7f" for character in text) - wrong
    return "utf-8" if wrong < _ENOUGH or wrong <= right else _guessed(sample)


def lone(text: str) -> int:
    """The place of the first character that no text can hold, from 0; -1 where there is none."""
    if text.isascii():
        return -1
    match = _ESCAPED.search(text)
    return match.start() if match else -1


def readable(text: str) -> str:
    r"""A text that can be written to a report: bytes that are not text as \xNN."""
    return _ESCAPED.sub(_as_hex, text)


def shown(value: str) -> str:
    """A value as it stands in a refusal: readable, and not longer than `SHOWN`."""
    text = readable(value[: SHOWN + 1])
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def _as_hex(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code - 0xDC00:02x}" if 0xDC00 <= code <= 0xDCFF else f"\\u{code:04x}"


def _known(given: str, name: str) -> str:
    try:
        info = codecs.lookup(given)
    except LookupError:
        info = None
    # Python also calls "hex" and "rot13" codecs.
    if info is None or not getattr(info, "_is_text_encoding", True) or info.name.replace("-", "_") in _NO_CHARSETS:
        raise InputError(f"{name}: the encoding {given!r} is not known; try utf-8, utf-16, cp1252, or iso-8859-1")
    return "utf-8" if info.name == "utf-8-sig" else info.name


def _wide(sample: bytes) -> str | None:
    """UTF-16 without its mark: plain letters have a zero at every other byte."""
    even, odd = sample[0:100:2], sample[1:100:2]
    if even.count(0) == 0 and odd.count(0) > len(odd) // 2:
        return "utf-16-le"
    return "utf-16-be" if odd.count(0) == 0 and even.count(0) > len(even) // 2 else None


def _guessed(sample: bytes) -> str:
    matches = from_bytes(sample, cp_isolation=[*_LATIN, *_OTHERS])
    best = matches.best()
    if best is None:
        return "utf-8"
    close = {name for match in matches if match.chaos <= best.chaos + _CLOSE for name in match.could_be_from_charset}
    guess: str = best.encoding
    return next(name for name in _LATIN if name in close) if guess in _LATIN else guess
