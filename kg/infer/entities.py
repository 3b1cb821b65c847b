"""What the rows of a file with a key say: an entity, its properties, and what it is joined with."""

from collections.abc import Sequence

from kg.cells import JSON_LIST
from kg.infer.joins import Join, Kind, join
from kg.infer.naming import camel, label, meaning, words
from kg.infer.plan import End, EntityPlan, FilePlan, PropertyPlan, Relation, TriplePlan, Vocabulary
from kg.infer.tables import Column, Reading

_NAMES = ("name", "title", "label")
_THINGS = {"brand", "category", "genre", "author", "artist", "director", "publisher", "manufacturer", "country"}
_THINGS |= {"language", "tag", "keyword", "topic", "label", "series", "color", "colour", "material", "type", "city"}
_MAX_NAME = 60


def entity_file(kind: Kind, kinds: Sequence[Kind], words_: Vocabulary, *, user: bool) -> FilePlan:
    """The plan for a file of which each row is an entity. A user has properties alone: what it did is elsewhere."""
    table = kind.table
    plan = FilePlan(table.file)
    rest = [column for column in table.columns.values() if column is not kind.key]
    named = name_column(rest)
    properties = [PropertyPlan("name", named.name, Reading("string"))] if named else _key_as_name(kind)
    for column in rest:
        if not column.filled:
            plan.notes.append(f"{column.name} is empty and was left out.")
        elif column.names and _says_itself(column, kind.key):
            plan.notes.append(f"{column.name} names the row itself and was left out.")
        elif column is not named:
            said_of_it = user or _says_itself(column, kind.key)
            triple = None if said_of_it else joined(column, kind.cls, kinds, words_, own=kind)
            if triple:
                plan.triples.append(triple)
            else:
                properties.append(_property(column, kind, words_, {p.name for p in properties}))
    plan.entity = EntityPlan(kind.cls, kind.key.name, properties, _of_key(kind.key))
    return plan


def _of_key(key: Column) -> str:
    """What a person wants to know of a key: how many rows repeat one, and how many have none."""
    rows, repeated = len(key.texts), len(key.filled) - len(key.distinct)
    said = [f"{repeated:,} of {rows:,} rows repeat one; the last counts"] if repeated else []
    said += [f"{rows - len(key.filled):,} of {rows:,} rows lack it, and will be refused"] if not key.full else []
    return "; ".join(said)


def _says_itself(column: Column, key: Column) -> bool:
    """Whether it says what the key says, as a url that identifies the row does."""
    return all(text in ("", its) for text, its in zip(column.texts, key.texts, strict=True))


def name_column(columns: Sequence[Column]) -> Column | None:
    """The column that a person reads an entity by."""
    # What a dotted column names is another thing, which stands in the row.
    plain = [c for c in columns if c.filled and c.separator is None and "." not in c.name]
    texts = [c for c in plain if words(c.name)[-1:] and words(c.name)[-1] in _NAMES]
    whole = sorted((c for c in texts if len(words(c.name)) == 1), key=lambda c: _NAMES.index(words(c.name)[0]))
    return next(iter([*whole, *texts]), None)


def _key_as_name(kind: Kind) -> list[PropertyPlan]:
    """A key in words is a name as well."""
    readable = not (kind.more or kind.key.numeric) and not any("://" in text for text in kind.key.filled[:1])
    why = "the key is all that a person could read"
    return [PropertyPlan("name", kind.key.name, Reading("string"), why)] if readable else []


def joined(
    column: Column, cls: str, kinds: Sequence[Kind], words_: Vocabulary, *, own: Kind | None = None
) -> TriplePlan | None:
    """The triple that a column of an entity says; None where it is a property."""
    found = join(column, kinds, own)
    comes_back = column.comes_back or bool(set(meaning(column.name)[-1:]) & _THINGS)
    listed = column.separator is not None and comes_back and not _measures(column)
    if not (found or listed or column.names or is_thing(column)):
        return None
    end, why = tail(column, found, words_)
    return TriplePlan(has(column, cls, end.cls, words_), end, None, why)


def is_thing(column: Column) -> bool:
    """Whether a column names things that others share, such as brands, and not what is said of one, such as a text."""
    short = len(column.distinct) >= 2 and max(map(len, column.distinct)) <= _MAX_NAME
    if not short or column.reading.datatype != "string" or _measures(column) or "://" in column.filled[0]:
        return False
    often = len(column.filled) >= 20 and len(column.distinct) <= len(column.filled) / 3
    return often or (bool(set(meaning(column.name)[-1:]) & _THINGS) and not column.unique)


def _measures(column: Column) -> bool:
    """Whether most texts begin with a number, which is said of one thing alone: 20.00 EUR, 12 min, 90210."""
    return sum(part[0].isdigit() for part in column.parts) > len(column.parts) / 2


def tail(column: Column, found: Join | None, words_: Vocabulary) -> tuple[End, str]:
    """The entities that a column names, and why it is taken for that."""
    split = column.separator or (JSON_LIST if column.repeats else None)
    several = {None: "", JSON_LIST: "lists; "}.get(column.separator, f"several in a cell, separated by {split}; ")
    if found:
        of = "those looked at" if found.kind.table.cut else column.name
        rest = "; what is missing there is made" if found.share < 1 else ""
        why = f"{several}{found.share:.0%} of {of} are in {found.kind.table.file}{rest}"
        return End(found.kind.cls, column.name, split, found.share < 1), why
    many = f"{several}{len(column.parts):,} different in {len(column.filled):,} rows, made as they come"
    return End(new_thing(column, words_), column.name, split, True), many


def new_thing(column: Column, words_: Vocabulary) -> str:
    """The class of what a column names, where no file has it; the same for columns of one name."""
    about = meaning(column.name) or ("thing",)
    return words_.thing(tuple(word for word in about if word not in _NAMES) or about, label(column.name))


def has(column: Column, domain: str, range_: str, words_: Vocabulary) -> str:
    """The relation that a column stands for: HAS_GENRE."""
    about = tuple(word for word in meaning(column.name) if word not in _NAMES) or meaning(range_) or words(column.name)
    about = about[about[0] == "has" and len(about) > 1 :]
    said = " ".join(about) or label(column.name)
    local = camel(("has", *about), "has")
    return words_.relation(Relation(local, f"has the {said}", f"is the {said} of", domain, range_))


def _property(column: Column, kind: Kind, words_: Vocabulary, used: set[str]) -> PropertyPlan:
    reading = column.reading
    parts = words(column.name)
    if len(parts) > 1 and parts[:1] == kind.parts[-1:]:
        parts = parts[1:]
    name = words_.property(parts, (label(column.name), reading.datatype), kind.cls, used)
    return PropertyPlan(name, column.name, reading, "" if reading.datatype == "string" else reading.datatype)
