"""The published schema and the models agree on what a mapping is."""

import json
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from kg import mapping as mapping_module
from kg.infer import infer
from kg.mapping import load_mapping
from kg.mapping_schema import mapping_schema
from ontology.errors import InputError
from tests.kg.test_infer import MOVIES, SHOP, blocks

ROOT = Path(__file__).parents[2]
EXAMPLES = [ROOT / "ontology" / "movies.mapping.yaml", ROOT / "tests" / "catalogs" / "shop" / "shop.mapping.yaml"]
SCHEMA = Draft202012Validator(json.loads((ROOT / "docs" / "mapping.schema.json").read_text(encoding="utf-8")))


def accepted(text: str, folder: Path) -> tuple[bool, bool]:
    """Whether the schema takes it, and whether the models do."""
    path = folder / "x.mapping.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        load_mapping(path)
    except InputError:
        return SCHEMA.is_valid(yaml.safe_load(text)), False
    return SCHEMA.is_valid(yaml.safe_load(text)), True


def documented() -> str:
    """The mapping in the module's docstring, its properties put under the entity that they are shown for."""
    text = mapping_module.__doc__ or ""
    main, rest = text[text.index("ontology:") :].split("\n\nHow a file is read")
    reading, cells = rest.split("What stands in a column")
    cells, kinds = cells.split("Where the rows of a file")
    start = main + "\n" + reading[reading.index("  export.txt") :] + "    entity:\n      class: X\n      key: x\n"
    properties = "\n".join(line for line in cells.splitlines() if line.startswith("        "))
    return f"{start}      properties:\n{properties}\n{kinds[kinds.index('  catalog.jsonld') :]}"


def test_the_schema_is_a_schema_and_is_published() -> None:
    Draft202012Validator.check_schema(mapping_schema())
    assert SCHEMA.schema == mapping_schema()
    text = json.dumps(mapping_schema())
    assert not re.search(r'"(title|default)": null|"type": "null"', text)


def test_what_is_documented_is_a_mapping(tmp_path: Path) -> None:
    text = documented()
    assert text.count("column: ") >= 8
    assert "unknown_columns" in text
    assert "skip: true" in text
    assert accepted(text, tmp_path) == (True, True)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_fit(path: Path, tmp_path: Path) -> None:
    assert accepted(path.read_text(encoding="utf-8"), tmp_path) == (True, True)


@pytest.mark.parametrize("paths", [SHOP, MOVIES], ids=["shop", "movies"])
def test_what_is_inferred_fits(paths: list[Path], tmp_path: Path) -> None:
    assert accepted(infer({path.name: blocks(path) for path in paths}).mapping_yaml, tmp_path) == (True, True)


E = "entity: {class: A, key: k}"
T = "relation: R, tail: {class: A, key: k}"
X = "relation: R, user: {class: U, key: u}, item: {class: I, key: i}, at: {column: t, unit: s}"


@pytest.mark.parametrize(
    "file",
    [
        E,
        "entity: {class: A, key: {column: k, pattern: '(.)x', values: {a: b}}}",
        "entity: {class: A, key: {template: '{a}/{b}'}, properties: {p: {constant: 1}, q: q, r: {constant: false}}}",
        "entity: {class: A, key: k, properties: {p: {column: c, factor: 2, decimal: ','}}}",
        "entity: {class: A, key: k, properties: {p: {column: c, format: '%Y'}}}",
        f"triples: [{{head: {{class: A, key: {{constant: x}}}}, {T}, since: {{column: c, unit: iso}}}}]",
        f"{E}, triples: [{{{T}}}]",
        f"interactions: [{{{X}, id: {{template: '{{a}}'}}, value: {{column: v, factor: 0.5}}}}]",
        f"when: {{a: b, c: [d, e]}}, {E}",
        f"rules: [{{when: {{a: ''}}, {E}}}, {{skip: true}}], decimal: ','",
        f"{E}, format: csv, encoding: latin-1, delimiter: '|', quote: '', unknown_columns: refuse",
    ],
)
def test_both_take_what_is_right(file: str, tmp_path: Path) -> None:
    assert accepted(f"ontology: a.ttl\nfiles: {{a.csv: {{{file}}}}}", tmp_path) == (True, True)


@pytest.mark.parametrize(
    "file",
    [
        "",
        "entity: {class: A}",
        "entity: {class: A, kye: k}",
        "entity: {class: 1, key: k}",
        "entity: {class: A, key: ''}",
        "entity: {class: A, key: {}}",
        "entity: {class: A, key: {column: a, constant: b}}",
        "entity: {class: A, key: {constant: b, values: {a: b}}}",
        "entity: {class: A, key: {column: a, factor: 2}}",
        "entity: {class: A, key: {column: a, values: {}}}",
        "entity: {class: A, key: {column: a, values: {a: 1}}}",
        "entity: {class: A, key: {template: 'none'}}",
        "entity: {class: A, key: {template: '{a'}}",
        "entity: {class: A, key: {column: a, lookup: {file: b, key: k}}}",
        "entity: {class: A, key: k, properties: {p: {column: c, factor: -1}}}",
        "entity: {class: A, key: k, properties: {p: {column: c, unit: h}}}",
        "entity: {class: A, key: k, properties: {p: {column: c, unit: s, format: '%Y'}}}",
        "entity: {class: A, key: k, properties: {p: {column: c, decimal: ' '}}}",
        "entity: {class: A, key: k, properties: [p]}",
        "triples: []",
        f"triples: [{{{T}}}]",
        f"triples: [{{head: {{class: A, key: k, split: ''}}, {T}}}]",
        f"{E}, triples: [{{{T}, since: {{column: c}}}}]",
        f"{E}, triples: [{{{T}, since: {{column: c, unit: s, format: '%Y'}}}}]",
        f"{E}, triples: [{{relation: {{column: c, values: {{}}}}, tail: {{class: A, key: k}}}}]",
        "interactions: [{relation: R, user: {class: U, key: u}, item: {class: I, key: i}}]",
        f"interactions: [{{{X.replace('key: u', 'key: u, split: x')}}}]",
        f"interactions: [{{{X.replace('key: i', 'key: i, create: true')}}}]",
        f"interactions: [{{{X}, value: {{column: v, unit: s}}}}]",
        f"interactions: [{{{X}, id: {{column: v, decimal: ','}}}}]",
        f"when: {{a: []}}, {E}",
        f"when: {{a: 1}}, {E}",
        "when: {a: b}",
        "rules: []",
        f"rules: [{{{E}}}], {E}",
        f"rules: [{{{E}}}], when: {{a: b}}",
        "rules: [{when: {a: b}}]",
        f"rules: [{{skip: true, {E}}}]",
        f"rules: [{{triples: [{{{T}}}]}}]",
        f"{E}, skip: true",
        f"{E}, format: xls",
        f"{E}, delimiter: ab",
        f"{E}, delimiter: ''",
        f"{E}, quote: ab",
        f"{E}, unknown_columns: warn",
        f"{E}, decimal: ';'",
    ],
)
def test_both_refuse_what_is_wrong(file: str, tmp_path: Path) -> None:
    assert accepted(f"ontology: a.ttl\nfiles: {{a.csv: {{{file}}}}}", tmp_path) == (False, False)


@pytest.mark.parametrize("text", ["[]", "ontology: a", "files: {a: {}}", "ontology: a\nfiles: {}\nmore: 1"])
def test_both_refuse_what_is_no_mapping(text: str, tmp_path: Path) -> None:
    assert accepted(text, tmp_path) == (False, False)
