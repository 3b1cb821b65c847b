"""Records of a table one by one, where something is wrong with them or cells hold line breaks."""

import csv
from itertools import islice

from kg.formats.dialect import Dialect
from kg.formats.limits import MAX_LINE, MAX_RECORD_LINES
from kg.formats.lines import TOO_LONG
from kg.formats.rows import refused_line
from kg.triples import Refusal


class Records:
    """The rows of some lines, the numbers of their lines, and what was refused."""

    def __init__(self, file: str, width: int, dialect: Dialect) -> None:
        self.file, self.width, self.dialect = file, width, dialect
        self.rows: list[list[str]] = []
        self.lines: list[int] = []
        self.refused: list[Refusal] = []

    def read(self, texts: list[str], start: int, *, last: bool) -> list[str]:
        """Read lines that begin at the number `start`; gives back those of a record that their end leaves open.

        The last lines leave nothing open: a quote that is not closed by then never is.
        """
        at = 0
        while at < len(texts):
            begin = at
            # The reader sees no more lines than a record may have: what it swallows by mistake is bounded.
            window = islice(texts, at, at + MAX_RECORD_LINES)
            reader = self.dialect.reader(text + "\n" for text in window)
            try:
                for cells in reader:
                    end = begin + reader.line_num
                    after = self._take(cells, texts[at], start + at, end - at)
                    at += after
                    if at < end:
                        break
            except csv.Error as error:
                is_open = "unexpected end of data" in str(error)
                if is_open and not last and at + MAX_RECORD_LINES > len(texts):
                    return texts[at:]
                # One that began later than the window may still end behind it.
                if not is_open or at == begin:
                    self._refuse(texts[at], start + at, "not-csv", f"is not a CSV line: {error}")
                    at += 1
        return []

    def _take(self, cells: list[str], text: str, number: int, lines: int) -> int:
        """Take a record of some lines that begins with `text`; returns how many of them are done with."""
        if len(cells) == self.width and text != TOO_LONG:
            self.rows.append(cells)
            self.lines.append(number)
        elif cells:
            # A quote that is never closed swallows the lines after it: only its own line is refused.
            wanted = (
                "quote cells that hold the delimiter" if len(cells) > self.width else "leave empty what has no value"
            )
            reason = f"does not have as many columns ({len(cells)}) as the header ({self.width}); {wanted}"
            self._refuse(text, number, "wrong-column-count", reason)
            return 1
        return lines

    def _refuse(self, text: str, number: int, rule: str, reason: str) -> None:
        if text == TOO_LONG:
            rule, reason, text = "line-too-long", f"the line is longer than {MAX_LINE} characters", ""
        self.refused.append(refused_line(self.file, number, text, rule, reason))
