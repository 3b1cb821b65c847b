"""Names of files and columns as names that an ontology may use, and as words that a person reads."""

import re
import unicodedata
from collections.abc import Sequence

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_KEY_WORDS = {"id", "ids", "key", "code", "uid", "uuid", "no", "nr", "slug"}
_SAYS_NOTHING = {"info", "infos", "data", "table", "list", "export", "dump", "metadata", "all"}
_IRREGULAR = {"people": "person", "persons": "person", "children": "child", "men": "man", "women": "woman"}
_IRREGULAR |= {word: word for word in ("series", "news", "species", "media", "data", "info", "sales", "address")}
_IRREGULAR |= {"movies": "movie", "cookies": "cookie", "indices": "index", "sms": "sms"}
_DONE = {
    "rating": "rated",
    "review": "reviewed",
    "buy": "bought",
    "purchase": "bought",
    "order": "ordered",
    "view": "viewed",
    "click": "clicked",
    "play": "played",
    "listen": "listened to",
    "like": "liked",
    "watch": "watched",
    "read": "read",
    "visit": "visited",
    "tag": "tagged",
    "checkin": "visited",
    "bookmark": "bookmarked",
    "borrow": "borrowed",
    "cart": "put in the cart",
}


def stem(file: str) -> str:
    """The name of a file without folders and endings."""
    return file.rsplit("/", 1)[-1].split(".", maxsplit=1)[0]


def words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case, in Latin letters: `movieId` is movie, id. None for other scripts."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode()
    return tuple(word.lower() for word in _WORDS.findall(plain))


def meaning(name: str) -> tuple[str, ...]:
    """What a column is about: its words without those for a key, the last in the singular."""
    kept = [word for word in words(name) if word not in _KEY_WORDS]
    kept = [word for word in kept if word not in _SAYS_NOTHING] or kept
    return (*kept[:-1], singular(kept[-1])) if kept else ()


def singular(word: str) -> str:
    """One of many: `movies` is movie."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1] if len(word) > 2 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def class_name(parts: Sequence[str]) -> str:
    """CamelCase; what begins with a digit ends with it."""
    return "".join(word.capitalize() for word in _letters_first(parts)) or "Thing"


def camel(parts: Sequence[str], otherwise: str) -> str:
    """The same with a small letter first; `otherwise` where there are no words."""
    ordered = _letters_first(parts) or words(otherwise)
    return ordered[0] + "".join(word.capitalize() for word in ordered[1:])


def _letters_first(parts: Sequence[str]) -> tuple[str, ...]:
    digits = next((i for i, word in enumerate(parts) if not word[0].isdigit()), None)
    return () if digits is None else (*parts[digits:], *parts[:digits])


def unused(name: str, taken: set[str]) -> str:
    """The name, with a number behind it where others differ from it in case only; it is taken from now on."""
    found, number = name, 2
    while found.casefold() in taken:
        found, number = f"{name}{number}", number + 1
    taken.add(found.casefold())
    return found


def done(parts: Sequence[str]) -> str:
    """What somebody did, in words: `rated` for the words of ratings.csv."""
    for word in reversed(parts):
        if (one := singular(word)) in _DONE:
            return _DONE[one]
        if one in _DONE.values():
            return one
    return " ".join(parts) or "met"


def label(name: str) -> str:
    """How a person reads a name: `in_stock` is in stock; what is not in Latin letters stays."""
    found = words(name)
    return " ".join(found) if found and name.isascii() else name.strip()
