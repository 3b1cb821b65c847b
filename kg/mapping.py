"""How the columns of catalog files become entities, triples and interactions: the `*.mapping.yaml` file.

docs/mapping.schema.json says the same as a JSON Schema. An example of all that there is:

ontology: shop.ttl                     # what can be said; relative to this file

files:
  products.csv:                        # a file name, or a pattern such as products-*.csv
    entity:                            # each row is an entity
      class: Product
      key: sku                         # the column that identifies it
      properties:                      # property: column; types are the ontology's
        name: title
        price: price
        currency: {constant: EUR}      # the same for every row
    triples:                           # what the row says about it; an empty cell says nothing
      - relation: IN_CATEGORY
        tail: {class: Category, key: categories, split: "|"}         # several in one cell; `json` for a JSON list
      - relation: MADE_BY
        tail: {class: Brand, key: brand, create: true}               # made here where it is missing
  credits.csv:
    triples:
      - head: {class: Film, key: film_id}                            # without it: the row's entity
        relation: {column: role, values: {director: DIRECTED_BY}}    # chosen by what a column says
        tail: {class: Person, key: person_id}
        since: {column: signed, unit: iso}                           # from when to when it holds; both may be empty
        until: {column: left, unit: iso}
  events.jsonl:
    interactions:                      # what users did with items; users are created as they come
      - relation: BOUGHT               # or chosen by a column, as above
        user: {class: User, key: user}
        item: {class: Product, key: sku}
        value: amount                  # without it: 1
        at: {column: time, unit: s}    # s or ms since 1970 in UTC, or iso: 2024-05-01T12:00:00Z; or a format, see below
        id: event                      # without it: from user, relation, item and time; a repeat is the same one

How a file is read is found out from its name and its start, unless it is said here, each of these if needed:

  export.txt:
    format: csv                        # or tsv, jsonl, json, parquet, turtle, ntriples, jsonld, merchant-xml
    encoding: windows-1252
    delimiter: ";"
    quote: "'"                         # "" where nothing is quoted
    decimal: ","                       # numbers such as 3,5 and 1.234,50
    unknown_columns: refuse            # a column that is not named here is an error; `ignore` unless given

What stands in a column is not always the value. Wherever a column is named as key, property or value, it may say how
it becomes one. The steps are taken in this order; with `split`, the first five are for each part:

        name: {template: "{brand} {title}"}                          # columns in braces; empty where one of them is
        stock: {column: stock, empty: [n/a, "-"]}                    # texts that stand for an empty cell
        brand: {column: brand_id, lookup: {file: brands.csv, key: id, column: name}}   # at most 5 million rows
        price: {column: price, pattern: "([0-9.]+) EUR"}             # the whole cell has to fit; the group is the value
        color: {column: c, values: {rd: red, bl: blue}}              # others are refused
        weight: {column: grams, decimal: ",", factor: 0.001}         # numbers: multiplied
        since: {column: day, format: "%d.%m.%Y"}                     # dates; or unit: s, ms or iso (if none is given)

Where the rows of a file are of several kinds, the first rule that fits a row counts; one that fits none is refused:

  catalog.jsonld:
    rules:
      - when: {"@type": Movie}         # what columns have to say, all of them; a list for one of several texts
        entity: {class: Film, key: "@id"}
        triples:                       # a director inside of a film is a row as well, see docs/formats.md
          - relation: DIRECTED_BY
            tail: {class: Person, key: director, split: json}
      - when: {"@type": [Person, Actor]}
        entity: {class: Person, key: "@id"}
      - when: {"@type": WebPage}
        skip: true                     # passed over. A last rule without `when` takes all that are left
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from kg.mapping_cells import Cell, Column, Decimal, Lookup, Source, Strict, Time, as_key, as_number
from kg.mapping_text import plain_yaml, sentence
from ontology.errors import InputError

Key = Annotated[Source, AfterValidator(as_key)]
Number = Annotated[Source, AfterValidator(as_number)]
Texts = Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
FormatName = Literal["csv", "tsv", "jsonl", "json", "parquet", "turtle", "ntriples", "jsonld", "merchant-xml"]


class EntityRule(Strict):
    """Each row is an entity."""

    cls: str = Field(alias="class")
    key: Key
    properties: dict[str, Source] = Field(default_factory=dict)


class Reference(Strict):
    """Names entities by class and key. With `create` those that are missing are made, with their key alone."""

    cls: str = Field(alias="class")
    key: Key
    split: Annotated[str, Field(min_length=1)] | None = None
    create: bool = False


class ChosenRelation(Strict):
    """A relation that a column chooses: what the column says -> relation."""

    column: Column
    values: dict[str, str] = Field(min_length=1)


class TripleRule(Strict):
    """Head, relation, tail. Without a head it is the row's entity. `since` and `until` say when it holds."""

    head: Reference | None = None
    relation: str | ChosenRelation
    tail: Reference
    since: Time | None = None
    until: Time | None = None


class InteractionRule(Strict):
    """What a user did with an item."""

    relation: str | ChosenRelation
    user: Reference
    item: Reference
    value: Number = Cell(constant=1.0)
    at: Time
    id: Key | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> "InteractionRule":
        for reference in (self.user, self.item):
            if reference.split or reference.create:
                raise ValueError("the user and the item of an interaction take no split and no create")
        return self


class RowRule(Strict):
    """What a row says; with `when`, only a row whose columns have one of the values named there."""

    when: dict[Column, str | Annotated[tuple[str, ...], Field(min_length=1, strict=False)]] = Field(
        default_factory=dict
    )
    entity: EntityRule | None = None
    triples: tuple[TripleRule, ...] = Field(default=(), strict=False)
    interactions: tuple[InteractionRule, ...] = Field(default=(), strict=False)

    @property
    def says_something(self) -> bool:
        """Whether there is anything that a row can say."""
        return bool(self.entity or self.triples or self.interactions)

    @property
    def cells(self) -> Iterator[Cell]:
        """All that it reads but what chooses a relation or says when."""
        if self.entity:
            yield from (self.entity.key, *self.entity.properties.values())
        for triple in self.triples:
            yield from (reference.key for reference in (triple.head, triple.tail) if reference)
        for interaction in self.interactions:
            yield from (interaction.user.key, interaction.item.key, interaction.value)
            yield from (interaction.id,) if interaction.id else ()

    @property
    def columns(self) -> frozenset[str]:
        """The columns that it reads."""
        chosen = [*(rule.relation for rule in self.triples), *(rule.relation for rule in self.interactions)]
        times = [time for triple in self.triples for time in (triple.since, triple.until)]
        times += [interaction.at for interaction in self.interactions]
        return frozenset(
            [
                *self.when,
                *(column for cell in self.cells for column in cell.columns),
                *(relation.column for relation in chosen if isinstance(relation, ChosenRelation)),
                *(time.column for time in times if time),
            ]
        )

    @model_validator(mode="after")
    def _with_heads(self) -> "RowRule":
        if self.entity is None and any(rule.head is None for rule in self.triples):
            raise ValueError("a triple without a head needs the file to have an entity")
        return self


class OneOfRules(RowRule):
    """One of the rules of a file; with `skip` its rows are passed over."""

    skip: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> "OneOfRules":
        if self.says_something == self.skip:
            raise ValueError("give an entity, triples or interactions, or skip: true to pass the rows over")
        return self


class FileRule(RowRule):
    """How a file is read, and what its rows say: by one rule, or by the first of `rules` whose `when` fits."""

    format: FormatName | None = None
    encoding: str | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    quote: Annotated[str, Field(max_length=1)] | None = None
    decimal: Decimal = "."
    unknown_columns: Literal["ignore", "refuse"] = "ignore"
    rules: tuple[OneOfRules, ...] = Field(default=(), strict=False)
    _looked_up: tuple[Lookup, ...] = ()

    @property
    def row_rules(self) -> tuple[RowRule, ...]:
        """The rules for its rows; the first that fits counts."""
        return self.rules or (self,)

    @property
    def lookups(self) -> tuple[Lookup, ...]:
        """What its rules look up, each once."""
        return tuple(dict.fromkeys(cell.lookup for rule in self.row_rules for cell in rule.cells if cell.lookup))

    @property
    def looked_up(self) -> tuple[Lookup, ...]:
        """What is looked up in it, by the rules of any file of the mapping, each once."""
        return self._looked_up

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the mapping reads of it."""
        columns = (rule.columns for rule in self.rules) if self.rules else (super().columns,)
        return frozenset().union(*columns, *((lookup.key, lookup.column) for lookup in self.looked_up))

    @model_validator(mode="after")
    def _one_way(self) -> "FileRule":
        if self.rules and (self.says_something or self.when):
            raise ValueError("with rules, what rows say stands in them alone")
        if not (self.rules or self.says_something):
            raise ValueError("give an entity, triples or interactions")
        for number, rule in enumerate(self.rules[:-1]):
            if not rule.when:
                raise ValueError(f"rule {number} has no when and takes every row, so rule {number + 1} gets none")
        return self


class Mapping(Strict):
    """A mapping file. `ontology` is an absolute path once it is loaded."""

    ontology: Path = Field(strict=False)
    files: dict[str, FileRule] = Field(min_length=1)

    @model_validator(mode="after")
    def _tell_looked_up(self) -> "Mapping":
        lookups = dict.fromkeys(lookup for rule in self.files.values() for lookup in rule.lookups)
        for name, rule in self.files.items():
            rule._looked_up = tuple(lookup for lookup in lookups if lookup.file == name)
        return self


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file. Raises InputError: file, place, what was found, what would work."""
    try:
        mapping = Mapping.model_validate(plain_yaml(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise InputError(f"mapping {path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"mapping {path} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except InputError as error:
        raise InputError(f"mapping {path}{error}") from error
    except ValidationError as error:
        raise InputError(f"mapping {path}: {sentence(error)}") from error
    return mapping.model_copy(update={"ontology": path.parent.resolve() / mapping.ontology})
