"""What the rows of a file without entities say: interactions of users with items, or triples between two columns."""

from collections.abc import Sequence
from dataclasses import dataclass

from kg.infer.entities import has, is_thing, tail
from kg.infer.joins import Join, Kind, is_key_like, is_user, join
from kg.infer.naming import camel, done, label, meaning, words
from kg.infer.plan import Chosen, End, EntityPlan, FilePlan, InteractionPlan, Relation, TriplePlan, Vocabulary
from kg.infer.tables import Column, Table
from ontology.model import USER

_ITEMS = {"item", "product", "movie", "film", "book", "track", "song", "article", "video", "recipe", "business", "game"}
_EVENTS = {"event", "action", "type", "behavior", "behaviour", "activity", "verb", "interaction"}
_ROLES = {"role", "relation", "relationship", "predicate", "property", "kind", "job", "type"}
_ENDS = (("head", "tail"), ("subject", "object"), ("source", "target"), ("from", "to"))
"""What the two ends of triples are called in files of triples."""
_VALUES = ("rating", "score", "stars", "value", "quantity", "amount", "weight", "count", "plays", "rate")
_RATINGS = {"rating", "score", "stars", "rate"}
_SCALES = ((5, 3.5), (10, 7.0), (100, 70.0))
"""The highest rating of a scale, and from what on somebody liked the item: 7 of 10."""
_FEW = 20
"""Different texts of a column that chooses a relation, at most."""
_SHORT = 40
"""Characters of such a text, at most."""


@dataclass(frozen=True)
class Events:
    """The columns of a file of interactions."""

    table: Table
    user: Column
    item: Column
    at: Column
    joined: Join | None


def events_of(table: Table, kinds: Sequence[Kind]) -> Events | None:
    """The columns of interactions: a user, an item and a time in every row; None for other files."""
    full = [column for column in table.columns.values() if column.nearly_full]
    user = next((c for c in full if is_user(c.name) and not (c.unique and table.rows > 1)), None)
    at = next((c for c in full if c.reading.datatype == "date"), None)
    if user is None or at is None:
        return None
    rest = [c for c in full if c not in (user, at) and c.reading.datatype in ("string", "integer")]
    joins = [(c, found) for c in rest if (found := join(c, kinds)) and not is_user(found.kind.cls)]
    if joins:
        item, found = max(joins, key=lambda pair: pair[1].share)
        return Events(table, user, item, at, found)
    named = [c for c in rest if set(meaning(c.name)[-1:]) & _ITEMS]
    keys = [c for c in rest if is_key_like(c.name) and not c.unique]
    return next((Events(table, user, item, at, None) for item in [*named, *keys]), None)


def events_file(events: Events, item_class: str, user_class: str, words_: Vocabulary) -> FilePlan:
    """The plan for a file of interactions."""
    table, item = events.table, events.item
    plan = FilePlan(table.file)
    rest = [c for c in table.columns.values() if c not in (events.user, item, events.at)]
    value = _value(rest)
    event = next((c for c in rest if c is not value and _chooses(c, _EVENTS)), None)
    id_ = next((c for c in rest if c.unique and words(c.name)[-1:] and is_key_like(c.name)), None)
    relation = _did(event or table.called, value, user_class, item_class, words_)
    why = "" if value else "no column says how much; each counts 1"
    if events.joined and events.joined.share < 1:
        why = (
            f"{events.joined.share:.0%} of the items are in {events.joined.kind.table.file}; the others will be refused"
        )
    if events.joined is None:
        plan.entity = EntityPlan(item_class, item.name, (), "no file has the items, so they are made here")
    interaction = InteractionPlan(
        relation,
        End(user_class, events.user.name),
        End(item_class, item.name),
        (events.at.name, events.at.reading),
        value.name if value else None,
        id_.name if id_ else None,
        why,
    )
    plan.interactions.append(interaction)
    left = [c for c in rest if c not in (value, event, id_)]
    _tags(plan, left, End(item_class, item.name), words_)
    return plan


def _tags(plan: FilePlan, columns: Sequence[Column], item: End, words_: Vocabulary) -> None:
    """What users said of items in words that come back says something of the items."""
    unread = []
    for column in columns:
        if column.filled and is_thing(column):
            end, why = tail(column, None, words_)
            plan.triples.append(TriplePlan(has(column, item.cls, end.cls, words_), end, item, why))
        else:
            unread.append(column.name)
    if unread:
        plan.notes.append(f"Not read, since an interaction has no place for it: {', '.join(unread)}.")


def _value(columns: Sequence[Column]) -> Column | None:
    numbers = [
        c for c in columns if c.nearly_full and c.reading.datatype in ("number", "integer") and not c.reading.keys
    ]
    named = [(word, c) for word in _VALUES for c in numbers if word in words(c.name)]
    return named[0][1] if named else None


def _chooses(column: Column, called: set[str]) -> bool:
    few = column.nearly_full and len(column.distinct) <= _FEW and max(map(len, column.distinct)) <= _SHORT
    return few and bool(set(words(column.name)) & called)


def _did(by: Column | str, value: Column | None, user: str, item: str, words_: Vocabulary) -> str | Chosen:
    if isinstance(by, str):
        return _act(done(words(by)), _liked_from(value), user, item, words_)
    return Chosen(
        by.name, {text: _act(done(words(text) or ("did",)), None, user, item, words_) for text in sorted(by.distinct)}
    )


def _act(said: str, positive_from: float | None, user: str, item: str, words_: Vocabulary) -> str:
    return words_.relation(Relation(camel(said.split(), "did"), said, f"was {said} by", user, item, positive_from))


def _liked_from(value: Column | None) -> float | None:
    if value is None or not set(words(value.name)) & _RATINGS:
        return None
    numbers = [float(text) for text in value.given]
    fitting = (liked for highest, liked in _SCALES if min(numbers) >= 0 and max(numbers) <= highest)
    return next(fitting, None)


def pairs_file(table: Table, kinds: Sequence[Kind], items: set[str], users: set[str], words_: Vocabulary) -> FilePlan:
    """The plan for a file that joins what two or more of its columns name; nothing where no column does."""
    plan = FilePlan(table.file)
    found = {c.name: join(c, kinds) for c in table.columns.values()}
    role = next((c for c in table.columns.values() if not found[c.name] and _chooses(c, _ROLES)), None)
    keys = {c.name for c in table.columns.values() if found[c.name] or is_key_like(c.name)} | _named_ends(table)
    ends = [c for c in table.columns.values() if c.filled and c is not role and (c.name in keys or _names_things(c))]
    classes = {name: known.kind.cls if known else "" for name, known in found.items()}
    heads = [c for c in ends if c.nearly_full and c.separator is None and c.name in keys]
    heads = [c for c in heads if not is_user(c.name) and classes[c.name] not in users]
    heads.sort(key=lambda c: classes[c.name] not in items)
    tails = [c for c in ends if heads and c is not heads[0]]
    if not heads or not tails:
        plan.notes.append("No column identifies a row, and no two of them name things, so nothing was made of it.")
        return plan
    head, _ = _end(heads[0], found, words_)
    for column in tails:
        end, why = _end(column, found, words_)
        relation = _roles(role, column, tails, (head.cls, end.cls), words_) if role else None
        plan.triples.append(TriplePlan(relation or has(column, head.cls, end.cls, words_), end, head, why))
    used = {c.name for c in (heads[0], *tails)} | ({role.name} if role else set())
    if unread := [name for name in table.columns if name not in used]:
        plan.notes.append(f"Not read, since a triple has no place for it: {', '.join(unread)}.")
    return plan


def _names_things(column: Column) -> bool:
    return is_thing(column) or column.separator is not None


def _named_ends(table: Table) -> set[str]:
    """The two columns of a file of triples that are called its ends."""
    first = {words(name)[0]: name for name in table.columns if words(name)}
    return {first[word] for pair in _ENDS if set(pair) <= set(first) for word in pair}


def _end(column: Column, found: dict[str, Join | None], words_: Vocabulary) -> tuple[End, str]:
    if found[column.name] is None and is_user(column.name) and meaning(column.name) == (USER.lower(),):
        return End(USER, column.name, column.separator, True), "no time is given, so this is no interaction"
    return tail(column, found[column.name], words_)


def _roles(role: Column, tail_: Column, tails: Sequence[Column], ends: tuple[str, str], words_: Vocabulary) -> Chosen:
    """The relations that a role chooses where this tail is named; told apart where others have the same role."""
    relations = {}
    for text in sorted(_said_with(role, tail_)):
        shared = any(text in _said_with(role, other) for other in tails if other is not tail_)
        local = camel(("has", *words(text), *(words(ends[1]) if shared else ())), "has")
        said = label(text)
        relations[text] = words_.relation(Relation(local, f"has the {said}", f"is the {said} of", *ends))
    return Chosen(role.name, relations)


def _said_with(role: Column, tail_: Column) -> set[str]:
    return {said for said, key in zip(role.texts, tail_.texts, strict=True) if key}
