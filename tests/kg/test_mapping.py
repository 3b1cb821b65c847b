from dataclasses import dataclass
from pathlib import Path

import pytest

from kg.blocks import Block
from kg.check import check_mapping
from kg.mapping import Mapping, load_mapping
from kg.statements import interaction_id
from kg.statements import said as rows_say
from kg.triples import Entity, Interaction, Ref, Refusal, Triple
from ontology.errors import InputError
from ontology.model import Ontology
from ontology.turtle import load_ontology


@dataclass(frozen=True)
class Statements:
    """What one row says."""

    entities: tuple[Entity, ...]
    triples: tuple[Triple, ...]
    interactions: tuple[Interaction, ...]


SHOP = Path(__file__).parents[1] / "catalogs" / "shop" / "shop.mapping.yaml"
MOVIES = Path(__file__).parents[2] / "ontology" / "movies.mapping.yaml"


@pytest.fixture(scope="module")
def shop() -> Mapping:
    return load_mapping(SHOP)


@pytest.fixture(scope="module")
def ontology(shop: Mapping) -> Ontology:
    return load_ontology(shop.ontology)


def said(mapping: Mapping, ontology: Ontology, file: str, **values: str) -> Statements | Refusal:
    """What one row says, without its columns."""
    block = Block(file, {name: [text] for name, text in values.items()}, [7])
    found = rows_say(mapping.files[file], block, ontology)
    if found.refused:
        return found.refused[0]
    return Statements(
        tuple(
            Entity(e.cls, key, {n: column[i] for n, column in e.properties.items() if column[i] is not None})
            for e in found.entities
            for i, key in enumerate(e.keys)
        ),
        tuple(
            Triple(Ref(t.kind.head, head), t.kind.relation, Ref(t.kind.tail, tail))
            for t in found.triples
            for head, tail in zip(t.heads, t.tails, strict=True)
        ),
        tuple(
            Interaction(id_, Ref(x.kind.head, user), x.kind.relation, Ref(x.kind.tail, item), value, at)
            for x in found.interactions
            for id_, user, item, value, at in zip(x.ids, x.users, x.items, x.values, x.at, strict=True)
        ),
    )


def reason(mapping: Mapping, ontology: Ontology, file: str, **values: str) -> tuple[str, str, str]:
    refused = said(mapping, ontology, file, **values)
    assert isinstance(refused, Refusal)
    assert (refused.file, refused.line) == (file, 7)
    return refused.column, refused.value, refused.reason


PRODUCT = {"sku": "K1", "title": "Kettle", "brand": "fjell", "categories": "coffee / cooking/", "price": "9.5"}


@pytest.mark.parametrize("path", [SHOP, MOVIES])
def test_the_mappings_fit_their_ontologies(path: Path) -> None:
    mapping = load_mapping(path)
    assert mapping.ontology.is_absolute()
    check_mapping(mapping, load_ontology(mapping.ontology))


def test_a_row_is_an_entity_with_triples(shop: Mapping, ontology: Ontology) -> None:
    row = {**PRODUCT, "in_stock": "Yes", "since": "2024-03-01"}
    product = Ref("Product", "K1")
    assert said(shop, ontology, "products.csv", **row) == Statements(
        entities=(
            Entity(
                "Product",
                "K1",
                {"name": "Kettle", "price": 9.5, "inStock": True, "since": 1_709_251_200_000, "currency": "EUR"},
            ),
            Entity("Brand", "fjell"),
        ),
        triples=(
            Triple(product, "IN_CATEGORY", Ref("Category", "coffee")),
            Triple(product, "IN_CATEGORY", Ref("Category", "cooking")),
            Triple(product, "MADE_BY", Ref("Brand", "fjell")),
        ),
        interactions=(),
    )


def test_an_empty_cell_says_nothing(shop: Mapping, ontology: Ontology) -> None:
    found = said(shop, ontology, "categories.csv", slug="kitchen", name="", parent=" ")
    assert found == Statements((Entity("Category", "kitchen"),), (), ())


def test_a_column_can_choose_the_relation(shop: Mapping, ontology: Ontology) -> None:
    event = {"id": "e1", "customer": "c1", "sku": "K1", "time": "2024-03-01T00:00:01Z", "quantity": "2"}
    found = said(shop, ontology, "events.jsonl", event="purchase", **event)
    interaction = Interaction("e1", Ref("Customer", "c1"), "BOUGHT", Ref("Product", "K1"), 2.0, 1_709_251_201_000)
    assert found == Statements((), (), (interaction,))
    assert reason(shop, ontology, "events.jsonl", event="refund", **event) == (
        "event",
        "refund",
        "chooses no relation here; what it may be: view, purchase",
    )


def test_credits_of_people_and_companies_are_told_apart() -> None:
    films = load_mapping(MOVIES)
    movies = load_ontology(films.ontology)
    row = {"film_id": "1", "role": "producer", "person_id": "", "company_id": "Toho"}
    found = said(films, movies, "credits.csv", **row)
    assert found == Statements((), (Triple(Ref("Film", "1"), "PRODUCED_BY", Ref("Company", "Toho")),), ())
    assert "says nothing" in reason(films, movies, "credits.csv", **{**row, "company_id": ""})[2]
    assert reason(films, movies, "credits.csv", **{**row, "film_id": ""})[0] == "film_id"
    column, value, _ = reason(films, movies, "credits.csv", **{**row, "role": "starring"})
    assert (column, value) == ("role", "starring"), "a company cannot star"


@pytest.mark.parametrize(
    ("change", "column", "message"),
    [
        ({"sku": " "}, "sku", "is empty, and every row needs one"),
        ({"sku": "x" * 501}, "sku", "is too long for a key (501 characters; 500 are allowed)"),
        ({"price": "9,50"}, "price", "is not a number, for example 3.5"),
        ({"price": "nan"}, "price", "is not a number, for example 3.5"),
        ({"price": "1_000"}, "price", "is not a number, for example 3.5"),
        ({"in_stock": "maybe"}, "in_stock", "is not true or false (yes or no, 1 or 0)"),
        ({"since": "01.03.2024"}, "since", "is not an ISO date or time"),
    ],
)
def test_a_bad_cell_refuses_its_row(
    shop: Mapping, ontology: Ontology, change: dict[str, str], column: str, message: str
) -> None:
    found = reason(shop, ontology, "products.csv", **{**PRODUCT, **change})
    assert found[0] == column
    assert found[2].startswith(message)


def test_times_in_the_wrong_unit_are_refused() -> None:
    films = load_mapping(MOVIES)
    movies = load_ontology(films.ontology)
    row = {"user_id": "1", "film_id": "31", "rating": "2.5", "rated_at": "1260759144000"}
    assert "is the unit right?" in reason(films, movies, "ratings.csv", **row)[2]
    assert reason(films, movies, "ratings.csv", **{**row, "rated_at": ""}) == (
        "rated_at",
        "",
        "is empty, and every row needs one",
    )
    assert reason(films, movies, "ratings.csv", **{**row, "rating": "five"})[:2] == ("rating", "five")


def test_an_interaction_without_an_id_gets_a_stable_one() -> None:
    user, item = Ref("User", "1"), Ref("Film", "31")
    assert interaction_id(user, "RATED", item, 5) == "59e9717108a829e335b36b17b04fd8d0"
    assert interaction_id(user, "RATED", item, 5) != interaction_id(user, "RATED", item, 6)


def test_a_rule_names_the_columns_it_reads(shop: Mapping) -> None:
    assert shop.files["events.jsonl"].columns == {"id", "customer", "sku", "time", "event", "quantity"}
    assert shop.files["brands.tsv"].columns == {"brand", "full name"}


def refused(tmp_path: Path, yaml: str) -> str:
    path = tmp_path / "x.mapping.yaml"
    path.write_text(yaml, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_mapping(path)
    message = str(caught.value)
    assert str(path) in message
    return message


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("files: [", ", line 1: "),
        ("ontology: a\nontology: b\n", ", line 2: the key 'ontology' stands twice"),
        ("[]", "the file has to be a mapping with the keys ontology and files"),
        ("ontology: a.ttl", "files: this key is missing"),
        ("ontology: a.ttl\nfiles: {a.csv: {}}", "files / a.csv: give an entity, triples or interactions"),
        (
            "ontology: a.ttl\nfiles: {a.csv: {entity: {class: A, kye: b}}}",
            "files / a.csv / entity / kye: this key is not known",
        ),
        (
            "ontology: a.ttl\nfiles: {a.csv: {triples: [{relation: A, tail: {class: A, key: x}}]}}",
            "files / a.csv: a triple without a head needs the file to have an entity",
        ),
        (
            "ontology: a.ttl\nfiles: {a.csv: {entity: {class: A, key: b, properties: {a: {}}}}}",
            "files / a.csv / entity / properties / a: give a column, a constant or a template",
        ),
        (
            "ontology: a.ttl\nfiles: {a.csv: {triples: [{relation: {colum: x, values: {a: B}}, "
            "tail: {class: A, key: x}}]}}",
            "files / a.csv / triples / 0 / relation / colum: this key is not known",
        ),
        (
            "ontology: a.ttl\nfiles: {a.csv: {interactions: [{relation: R, user: {class: U, key: u}, "
            "item: {class: I, key: i, split: ;}, at: {column: t, unit: s}}]}}",
            "take no split and no create",
        ),
    ],
)
def test_what_is_wrong_in_a_mapping_is_said_with_its_place(tmp_path: Path, yaml: str, message: str) -> None:
    assert message in refused(tmp_path, yaml)


def test_a_mapping_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        load_mapping(tmp_path / "none.yaml")


INTERACTION = "user: {class: Customer, key: u}, item: {class: Product, key: i}, at: {column: t, unit: s}"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("entity: {class: Prodct, key: a}", "entity / class: 'Prodct' is not in the ontology; it has Brand, Category"),
        (
            "entity: {class: Product, key: a, properties: {colour: c}}",
            "'colour' is not in the ontology; it has currency",
        ),
        (
            "triples: [{head: {class: Product, key: a}, relation: LIKES, tail: {class: Brand, key: b}}]",
            "triples / 0 / relation: 'LIKES' is not in the ontology",
        ),
        (
            "triples: [{head: {class: Brand, key: a}, relation: MADE_BY, tail: {class: Brand, key: b}}]",
            "the head of MADE_BY has to be Product; Brand is not a kind of it",
        ),
        (
            "triples: [{head: {class: Customer, key: a}, relation: BOUGHT, tail: {class: Product, key: b}}]",
            "list it under interactions",
        ),
        (f"interactions: [{{relation: SOLD, {INTERACTION}}}]", "interactions / 0 / relation: 'SOLD' is not"),
        (
            f"interactions: [{{relation: MADE_BY, {INTERACTION}}}]",
            "the head of MADE_BY has to be Product; Customer is not a kind of it",
        ),
    ],
)
def test_a_mapping_that_does_not_fit_the_ontology_is_refused(
    tmp_path: Path, ontology: Ontology, rule: str, message: str
) -> None:
    path = tmp_path / "x.mapping.yaml"
    path.write_text(f"ontology: shop.ttl\nfiles: {{a.csv: {{{rule}}}}}", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        check_mapping(load_mapping(path), ontology)
    assert message in str(caught.value)
    assert "files / a.csv" in str(caught.value)
