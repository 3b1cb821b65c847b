"""Looks at all files of a catalog together, and decides what each of them says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kg.infer.entities import entity_file
from kg.infer.events import Events, events_file, events_of, pairs_file
from kg.infer.joins import USERS, Kind, extends, join, key_of
from kg.infer.naming import label, meaning
from kg.infer.plan import FilePlan, Vocabulary
from kg.infer.tables import Column, Table
from kg.infer.typed import by_type
from ontology.model import ITEM, USER


@dataclass(frozen=True)
class Catalog:
    """What the files say, and the words for it. `guessed_item` is the class that was taken for the items, if it was."""

    files: Sequence[FilePlan]
    words: Vocabulary
    guessed_item: str | None


def catalog(tables: Sequence[Table]) -> Catalog:
    """Decide what each file says."""
    words = Vocabulary()
    tables = [part for table in tables for part in by_type(table)]
    eventful = [table for table in tables if events_of(table, ()) or _may_be_events(table)]
    kinds = _kinds([table for table in tables if table not in eventful], words)
    events = {(t.file, t.kind): found for t in eventful if (found := events_of(t, kinds))}
    kinds = [*kinds, *_kinds([t for t in eventful if (t.file, t.kind) not in events], words, kinds)]
    users = {_user_class(found, kinds, words) for found in events.values()}
    users |= {kind.cls for kind in kinds if kind.parts[-1:] and kind.parts[-1] in USERS}
    items = {found.joined.kind.cls for found in events.values() if found.joined}
    roles = _Roles(events, kinds, users, items)
    plans = [_plan(table, roles, words) for table in tables]
    items |= {x.item.cls for plan in plans for x in plan.interactions}
    guessed = None if items else _richest(plans, users)
    for cls in sorted(items | ({guessed} if guessed else set())):
        words.parents[cls] = ITEM
    for cls in sorted(users):
        words.parents[cls] = USER
    return Catalog(plans, words, guessed)


def _may_be_events(table: Table) -> bool:
    """Whether a file has users and times; whether it has items is found out when all entities are known."""
    columns = [c for c in table.columns.values() if c.nearly_full]
    return any(c.reading.datatype == "date" for c in columns) and any(
        meaning(c.name)[-1:] and meaning(c.name)[-1] in USERS and not c.unique for c in columns
    )


def _kinds(tables: Sequence[Table], words: Vocabulary, known: Sequence[Kind] = ()) -> list[Kind]:
    """The classes of the files with a key. First those that their key is called after: others may only add to them."""
    keyed = [(table, key) for table in tables if table.rows and _has_header(table) and (key := key_of(table))]
    keyed.sort(key=lambda pair: (meaning(pair[1].name) != meaning(pair[0].called), -len(pair[0].columns)))
    found: list[Kind] = []
    for table, key in keyed:
        if same := extends(table, key, [*known, *found]):
            found.append(Kind(same.cls, same.parts, key, table, more=True))
        else:
            found.append(_new_kind(table, key, words))
    return found


def _new_kind(table: Table, key: Column, words: Vocabulary) -> Kind:
    name = table.called
    parts = meaning(name)
    return Kind(words.new_class(parts, label(" ".join(parts) or name)), parts, key, table)


def _user_class(events: Events, kinds: Sequence[Kind], words: Vocabulary) -> str:
    found = join(events.user, kinds)
    if found:
        return found.kind.cls
    return words.thing(meaning(events.user.name), label(" ".join(meaning(events.user.name))))


@dataclass(frozen=True)
class _Roles:
    """What is known of all files together: their interactions, their entities, and which are users and items."""

    events: Mapping[tuple[str, str | None], Events]
    kinds: Sequence[Kind]
    users: set[str]
    items: set[str]


def _plan(table: Table, roles: _Roles, words: Vocabulary) -> FilePlan:
    return replace(_said(table, roles, words), kind=table.kind)


def _said(table: Table, roles: _Roles, words: Vocabulary) -> FilePlan:
    if not table.rows:
        return FilePlan(table.file, notes=["It has no rows, so nothing was made of it."])
    if not _has_header(table):
        return FilePlan(table.file, notes=["Its first line does not name the columns, so nothing was made of it."])
    if events := roles.events.get((table.file, table.kind)):
        about = meaning(events.item.name)
        item = events.joined.kind.cls if events.joined else words.thing(about, label(" ".join(about)))
        return events_file(events, item, _user_class(events, roles.kinds, words), words)
    if kind := next((k for k in roles.kinds if k.table is table), None):
        return entity_file(kind, roles.kinds, words, user=kind.cls in roles.users)
    if table.kind is not None:
        return FilePlan(table.file, notes=["No column identifies them, so nothing was made of them."])
    return pairs_file(table, roles.kinds, roles.items, roles.users, words)


def _has_header(table: Table) -> bool:
    return any(letter.isalpha() for name in table.columns for letter in name)


def _richest(plans: Sequence[FilePlan], users: set[str]) -> str | None:
    """The class of which most is said: what a catalog without interactions is most likely about."""
    said: dict[str, int] = {}
    for plan in plans:
        if plan.entity and plan.entity.cls not in users:
            said.setdefault(plan.entity.cls, 0)
            said[plan.entity.cls] += len(plan.triples) * 3 + len(plan.entity.properties)
    return max(said, key=lambda cls: said[cls], default=None)
