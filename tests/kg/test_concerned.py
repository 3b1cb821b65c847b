"""What refused rows were about: the class of their entity, and the relations whose cells are filled."""

from pathlib import Path

from kg.blocks import Block
from kg.concerned import concerned
from kg.mapping import FileRule, load_mapping

MAPPING = """
ontology: any.ttl
files:
  films.csv:
    entity: {class: Film, key: id}
    triples:
      - {relation: HAS_GENRE, tail: {class: Genre, key: genres, split: "|"}}
      - {relation: MADE_IN, tail: {class: Country, key: {template: "{land}-{year}"}}}
      - {relation: {column: kind, values: {film: SEEN_IN, play: HEARD_IN}}, tail: {class: Place, key: place}}
  ratings.csv:
    interactions:
      - {relation: RATED, user: {class: User, key: user}, item: {class: Film, key: film}, at: {column: at, unit: s}}
  chosen.csv:
    triples:
      - head: {class: Film, key: id}
        relation: {column: kind, values: {film: SEEN_IN}}
        tail: {class: Place, key: place}
  graph.jsonl:
    rules:
      - {when: {type: Film}, entity: {class: Film, key: id}}
      - {when: {type: Person}, entity: {class: Person, key: id}}
"""


def rule(tmp_path: Path, name: str) -> FileRule:
    (tmp_path / "x.mapping.yaml").write_text(MAPPING, encoding="utf-8")
    return load_mapping(tmp_path / "x.mapping.yaml").files[name]


def test_a_row_is_about_its_class_and_the_relations_whose_cells_are_filled(tmp_path: Path) -> None:
    columns = {
        "id": ["1", "", "3", "4"],
        "genres": ["a|b", " ", "", "a"],
        "land": ["no", "no", "", ""],
        "year": ["1999", "", "", ""],
        "kind": ["film", "play", "opera", ""],
        "place": ["Oslo", "Oslo", "Oslo", ""],
    }
    block = Block("films.csv", columns, [2, 3, 5, 6])
    films = rule(tmp_path, "films.csv")
    assert concerned(films, block, {2, 3, 5}) == {"Film": 3, "HAS_GENRE": 1, "MADE_IN": 1, "SEEN_IN": 1, "HEARD_IN": 1}
    assert concerned(films, block, {6}) == {"Film": 1, "HAS_GENRE": 1}


def test_a_line_that_is_no_row_is_about_what_all_rows_are_about(tmp_path: Path) -> None:
    assert concerned(rule(tmp_path, "films.csv"), Block("films.csv", {"id": []}, []), {7, 8}) == {"Film": 2}
    assert concerned(rule(tmp_path, "ratings.csv"), Block("ratings.csv", {"user": []}, []), {7}) == {"RATED": 1}


def test_of_several_classes_none_is_guessed(tmp_path: Path) -> None:
    assert concerned(rule(tmp_path, "chosen.csv"), Block("chosen.csv", {}, []), {7}) == {"(unknown)": 1}
    block = Block("graph.jsonl", {"type": ["Person", "Cat"], "id": ["", "1"]}, [1, 2])
    assert concerned(rule(tmp_path, "graph.jsonl"), block, {1, 2, 3}) == {"Person": 1, "(unknown)": 2}
