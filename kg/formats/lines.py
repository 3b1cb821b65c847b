"""The lines of a text, by the thousand, bounded whatever the file holds."""

from collections.abc import Iterator

from kg.blocks import ROWS
from kg.formats.encoding import decoder
from kg.formats.limits import CHUNK, MAX_LINE, MAX_RECORD_LINES
from kg.formats.source import Input

TOO_LONG = "\0"
"""Stands for a line longer than `MAX_LINE`; no line of a table or of JSON that can be loaded has a NUL."""
LINES = ROWS - MAX_RECORD_LINES
"""Lines of a chunk: with those that the chunk before could not finish, they make no more than a block."""
_PIECE = 1 << 18


def line_chunks(source: Input, encoding: str) -> Iterator[list[str]]:
    """The lines without their ends (a carriage return before the line feed stays), at most `LINES` at a time."""
    cutter = _Cutter(line_end(source.sample))
    lines: list[str] = []
    size = 0
    for text in _texts(source, encoding):
        size += len(text)
        lines += cutter.lines(text)
        while len(lines) >= LINES or (size > CHUNK and lines):
            yield lines[:LINES]
            lines, size = lines[LINES:], 0
    lines += cutter.rest()
    for start in range(0, len(lines), LINES):
        yield lines[start : start + LINES]


def line_end(sample: bytes) -> str:
    """A line feed, or, in files of the old Macintosh, a carriage return."""
    return "\r" if b"\r" in sample and b"\n" not in sample else "\n"


def _texts(source: Input, encoding: str) -> Iterator[str]:
    decode = decoder(encoding).decode
    begun = False
    while raw := source.stream.read(_PIECE):
        text = decode(raw)
        # The byte order mark; UTF-16 takes its own away.
        yield text if begun else text.removeprefix("\ufeff")
        begun = begun or bool(text)
    yield decode(b"", final=True)


class _Cutter:
    """Cuts text into lines, and holds of a line that is too long no more than `MAX_LINE`."""

    def __init__(self, end: str) -> None:
        self.end = end
        self.tail = ""
        self.skipping = False

    def lines(self, text: str) -> list[str]:
        """The lines that end in this text."""
        if self.skipping:
            _, found, text = text.partition(self.end)
            if not found:
                return []
            # A placeholder for the line that began long ago ends here.
            self.tail, self.skipping = TOO_LONG, False
            text = self.end + text
        lines = (self.tail + text).split(self.end)
        self.tail = lines.pop()
        # No piece is as long as MAX_LINE, so only the first can be too long.
        if lines and len(lines[0]) > MAX_LINE:
            lines[0] = TOO_LONG
        if len(self.tail) > MAX_LINE:
            self.tail, self.skipping = "", True
        return lines

    def rest(self) -> list[str]:
        """The last line, where the file does not end with a line end."""
        if self.skipping:
            return [TOO_LONG]
        return [self.tail] if self.tail else []
