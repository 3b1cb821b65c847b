"""Titles as people write them, from titles as MovieLens lists them; and which of two names mean the same film."""

import re
import unicodedata
from typing import NamedTuple

_YEAR = re.compile(r"\s*\((\d{4})(?:[-–]\d{0,4})?\)\s*$")
_OTHER = re.compile(r"\s*\(((?:[^()]|\([^()]*\))*)\)$")
_ALSO = re.compile(r"^a\.?k\.?a\.?:?\s+", re.IGNORECASE)
_ARTICLES = "The|A|An|La|Le|Les|L'|Lo|Il|I|Gli|El|Los|Las|Das|Der|Die|Det|Den|De|En|Un|Une|Una|Da"
_ARTICLE_LAST = re.compile(rf"^(?P<rest>.+), (?P<article>{_ARTICLES})$")
_ARTICLE_INSIDE = re.compile(rf"^(?P<rest>[^:]+), (?P<article>{_ARTICLES})(?P<after>:.*)$")
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8", "two": "2", "three": "3"}


class Film(NamedTuple):
    """A line of films.csv."""

    film_id: str
    title: str
    year: int | None
    genres: tuple[str, ...]
    other_titles: tuple[str, ...]


def split_title(listed: str) -> tuple[str, tuple[str, ...], int | None]:
    """`"Postman, The (Postino, Il) (1994)"` -> `("The Postman", ("Il Postino",), 1994)`."""
    year = _YEAR.search(listed)
    title = listed[: year.start()] if year else listed
    others: list[str] = []
    while (other := _OTHER.search(title)) and other.start() > 0:
        others.insert(0, article_first(_ALSO.sub("", other[1]).strip()))
        title = title[: other.start()]
    return article_first(title.strip()), tuple(others), int(year[1]) if year else None


def article_first(title: str) -> str:
    """`"American President, The"` -> `"The American President"`."""
    if match := _ARTICLE_LAST.match(title) or _ARTICLE_INSIDE.match(title):
        space = "" if match["article"].endswith("'") else " "
        return f"{match['article']}{space}{match['rest']}{match.groupdict().get('after') or ''}"
    return title


def fold(name: str) -> str:
    """A name without case, accents and punctuation, numerals as figures: equal for the same film.

    Articles count: "The Mask" and "Mask" are two films.
    """
    plain = unicodedata.normalize("NFKD", name.lower().replace("&", " and "))
    words = re.findall(r"[a-z0-9]+", "".join(c for c in plain if not unicodedata.combining(c)).replace("'", ""))
    return "".join(_ROMAN.get(w, w) if i else w for i, w in enumerate(words))


def parts(title: str) -> set[str]:
    """The title and, where it has the form `Series: Episode - Name`, each of its parts, folded."""
    return {fold(title), *(fold(part) for part in re.split(r": | - ", title))}
