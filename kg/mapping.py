"""How the columns of catalog files become entities, triples and interactions: the `*.mapping.yaml` file.

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
  events.jsonl:
    interactions:                      # what users did with items; users are created as they come
      - relation: BOUGHT               # or chosen by a column, as above
        user: {class: User, key: user}
        item: {class: Product, key: sku}
        value: amount                  # without it: 1
        at: {column: time, unit: s}    # s or ms since 1970 in UTC, or iso: 2024-05-01T12:00:00Z
        id: event                      # without it: from user, relation, item and time; a repeat is the same one
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from ontology.errors import InputError


class _Strict(BaseModel):
    """Unknown keys are refused, values are not converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Cell(_Strict):
    """Where a value is from: a column, or a constant. A plain name in the YAML is a column."""

    column: str | None = None
    constant: str | int | float | bool | None = None

    @model_validator(mode="after")
    def _one(self) -> "Cell":
        if (self.column is None) == (self.constant is None):
            raise ValueError("give a column or a constant")
        return self


def _as_cell(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


Column = Annotated[str, Field(min_length=1)]
Source = Annotated[Cell, BeforeValidator(_as_cell)]


class EntityRule(_Strict):
    """Each row is an entity."""

    cls: str = Field(alias="class")
    key: Column
    properties: dict[str, Source] = {}


class Reference(_Strict):
    """Names entities by class and key. With `create` those that are missing are made, with their key alone."""

    cls: str = Field(alias="class")
    key: Source
    split: Annotated[str, Field(min_length=1)] | None = None
    create: bool = False


class ChosenRelation(_Strict):
    """A relation that a column chooses: what the column says -> relation."""

    column: Column
    values: dict[str, str] = Field(min_length=1)


class TripleRule(_Strict):
    """Head, relation, tail. Without a head it is the row's entity."""

    head: Reference | None = None
    relation: str | ChosenRelation
    tail: Reference


class Time(_Strict):
    """When something happened."""

    column: Column
    unit: Literal["s", "ms", "iso"]


class InteractionRule(_Strict):
    """What a user did with an item."""

    relation: str | ChosenRelation
    user: Reference
    item: Reference
    value: Source = Cell(constant=1.0)
    at: Time
    id: Column | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> "InteractionRule":
        for reference in (self.user, self.item):
            if reference.split or reference.create:
                raise ValueError("the user and the item of an interaction take no split and no create")
        return self


class FileRule(_Strict):
    """What a row of a file says."""

    entity: EntityRule | None = None
    triples: tuple[TripleRule, ...] = Field(default=(), strict=False)
    interactions: tuple[InteractionRule, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _says_something(self) -> "FileRule":
        if not (self.entity or self.triples or self.interactions):
            raise ValueError("give an entity, triples or interactions")
        if self.entity is None and any(rule.head is None for rule in self.triples):
            raise ValueError("a triple without a head needs the file to have an entity")
        return self


class Mapping(_Strict):
    """A mapping file. `ontology` is an absolute path once it is loaded."""

    ontology: Path = Field(strict=False)
    files: dict[str, FileRule] = Field(min_length=1)


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file. Raises InputError: file, place, what was found, what would work."""
    try:
        # _Loader is a SafeLoader: it makes plain values only.
        value = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_Loader)  # noqa: S506
        mapping = Mapping.model_validate(value)
    except OSError as error:
        raise InputError(f"mapping {path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"mapping {path} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(f"mapping {path}, line {line}: {error.problem}") from error
    except yaml.YAMLError as error:
        raise InputError(f"mapping {path} is not YAML: {error}") from error
    except ValidationError as error:
        raise InputError(f"mapping {path}: {_sentence(error)}") from error
    return mapping.model_copy(update={"ontology": path.parent.resolve() / mapping.ontology})


class _Loader(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error, not the loss of the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = str(key_node.value)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def _sentence(error: ValidationError) -> str:
    """One problem, with its place as a person walks the YAML: `files / films.csv / entity / key`.

    An unknown key comes first, since a misspelt key is also a missing one; then the deepest place, since each
    branch of a union reports.
    """
    problem = min(error.errors(), key=lambda p: (p["type"] != "extra_forbidden", -len(p["loc"])))
    place = " / ".join(str(part) for part in problem["loc"] if part not in _UNION_BRANCHES)
    reason = _REASONS.get(problem["type"], problem["msg"].removeprefix("Value error, "))
    return f"{place}: {reason}" if place else "the file has to be a mapping with the keys ontology and files"


_REASONS = {"extra_forbidden": "this key is not known", "missing": "this key is missing"}
# Pydantic puts the branch of a union into the place; a reader of the YAML knows nothing of it.
_UNION_BRANCHES = {"str", "int", "float", "bool", "ChosenRelation"}
