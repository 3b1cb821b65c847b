"""Which column names the entities of which file: by its name, and by whether its texts are keys there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kg.infer.naming import meaning, words
from kg.infer.tables import ID, Column, Table
from kg.values import MAX_KEY

USERS = {"user", "customer", "member", "reviewer", "buyer", "visitor", "viewer", "listener", "reader", "subscriber"}
_KEYS = {"id", "sku", "slug", "key", "code", "uid", "uuid", "isbn", "asin", "gtin", "ean", "identifier"}
_ADDRESSES = {"url", "uri", "link", "href", "permalink"}
"""What a column is called that identifies a row where no key does."""
_UP = {"parent", "broader", "super", "part"}
"""What a column is called that names another entity of the same file, one level up."""
_ENOUGH = 0.5
"""The share of a column's texts that have to be keys of a file, where its name points there."""


@dataclass(frozen=True)
class Kind:
    """A class, and the column that holds the keys of its entities. `more` where another file has them already."""

    cls: str
    parts: tuple[str, ...]
    key: Column
    table: Table
    more: bool = False


@dataclass(frozen=True)
class Join:
    """A column names entities of a kind; `share` of its texts are keys there."""

    kind: Kind
    share: float


def key_of(table: Table) -> Column | None:
    """The column that identifies a row, by its name, else the first; None where no column does."""
    texts = [c for c in table.columns.values() if c.filled and c.reading.datatype in ("string", "integer")]
    scores = [(_rank(column, table), -place, column) for place, column in enumerate(texts) if _tells(column, table)]
    best = max(scores, key=lambda score: score[:2], default=None)
    return best[2] if best and best[0] > 0 else None


def _rank(column: Column, table: Table) -> float:
    """The larger the more likely a key; a url that a row lacks comes after any column that all have."""
    score = _key_score(column, table)
    return score if score > 2 or column.full else score / 4


def _tells(column: Column, table: Table) -> bool:
    """Whether it tells rows apart.

    Where it is called like a key a row may lack it, and some may stand there twice where there is no doubt what it is.
    """
    if column.name == ID:
        return len(column.filled) >= table.rows / 2
    score = _key_score(column, table)
    if score == 1 or not column.nearly_full or max(map(len, column.filled)) > MAX_KEY:
        return column.unique
    return len(column.distinct) >= len(column.filled) * (0.9 if score == 4 else 1)


def _key_score(column: Column, table: Table) -> int:
    called, about = words(column.name), meaning(column.name)
    file = meaning(table.called)
    if len(called) == 1 and called[0] in _KEYS:
        return 4
    if called and called[-1] in _KEYS:
        return 4 if about[-1:] == file[-1:] else 3
    if about and about == file:
        return 3
    if called and called[-1] in _ADDRESSES and called[:-1] in ((), file[-1:]):
        return 2
    first = next(iter(table.columns.values()))
    return 1 if column is first and column.separator is None and max(map(len, column.texts)) <= 100 else 0


def join(column: Column, kinds: Iterable[Kind], own: Kind | None = None) -> Join | None:
    """The kind whose entities the column names; None where it names none that we know."""
    if not column.parts:
        return None
    if column.names:
        said = [Join(kind, _share(column, kind)) for kind in kinds if kind.table.kind == column.names]
        return max(said, key=lambda found: found.share, default=None)
    joins = [(_name_score(column, kind, own), Join(kind, _share(column, kind))) for kind in kinds]
    fitting = [(score, found) for score, found in joins if _fits(score, found, column)]
    return max(fitting, key=lambda pair: (pair[0], pair[1].share))[1] if fitting else None


def extends(table: Table, column: Column, kinds: Sequence[Kind]) -> Kind | None:
    """The kind that rows only tell more of: of the same type, or nearly all known by a key of the same name."""
    if table.kind is not None:
        return next((kind for kind in kinds if kind.table.kind == table.kind), None)
    same = [k for k in kinds if words(k.key.name) == words(column.name) and meaning(column.name)]
    return next((kind for kind in same if _share(column, kind) >= 0.9), None)


def _share(column: Column, kind: Kind) -> float:
    return len(column.parts & kind.key.distinct) / len(column.parts)


def _fits(score: int, found: Join, column: Column) -> bool:
    if score > 0:
        # The start of a long file does not have all of its keys.
        return found.share >= (_ENOUGH if not found.kind.table.cut else 0.01)
    textual = not all(part.isdigit() for part in column.parts) and column.reading.datatype == "string"
    # One text alone may be a key by chance; an IRI is not.
    enough = len(column.parts) >= 2 or (column.repeats and bool(set("/#") & set(next(iter(column.parts)))))
    return textual and found.share >= 0.95 and enough


def _name_score(column: Column, kind: Kind, own: Kind | None) -> int:
    about = meaning(column.name)
    if not about:
        return 0
    if words(column.name) == words(kind.key.name) and kind is not own:
        return 3
    if about == kind.parts or about == kind.parts[-1:]:
        return 3
    if kind is own and set(about) & _UP:
        return 2
    return 1 if kind.parts and about[-1] == kind.parts[-1] else 0


def is_user(name: str) -> bool:
    """Whether a column names users: user_id, customer."""
    called, about = words(name), meaning(name)
    return bool(about) and about[-1] in USERS and (len(called) == len(about) or called[-1] in _KEYS)


def is_key_like(name: str) -> bool:
    """Whether a column is called like a key: product_id, sku."""
    called = words(name)
    return bool(called) and called[-1] in _KEYS
