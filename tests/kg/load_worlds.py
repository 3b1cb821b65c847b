"""A library whose files overlap in all that they say, and random rows for them."""

from pathlib import Path

from hypothesis import strategies as st

from kg.mapping import Mapping, load_mapping
from ontology.model import Ontology
from ontology.turtle import load_ontology
from tests.kg.loads import ONTOLOGY, Rows

_CITES = """
    triples:
      - {head: {class: Book, key: from}, relation: CITES, tail: {class: Book, key: to},
         since: {column: since, unit: ms}}"""
_READ = """
    interactions:
      - {relation: READ, user: {class: Reader, key: reader}, item: {class: Book, key: book}, value: stars,
         at: {column: at, unit: ms}, id: event}"""
MAPPING = f"""
ontology: library.ttl
files:
  books.csv:
    entity: {{class: Book, key: id, properties: {{name: title, pages: pages}}}}
    triples:
      - {{relation: WRITTEN_BY, tail: {{class: Author, key: authors, split: "|", create: true}}}}
      - {{relation: CITES, tail: {{class: Book, key: like, split: "|", create: true}}}}
  notes.csv:
    entity: {{class: Book, key: book, properties: {{note: note, pages: pages}}}}
  citations.csv:{_CITES}
  more.csv:{_CITES}
  reads.csv:{_READ}
  plays.csv:{_READ}
"""
COLUMNS = {
    "books.csv": ("id", "title", "pages", "authors", "like"),
    "notes.csv": ("book", "note", "pages"),
    "citations.csv": ("from", "to", "since"),
    "more.csv": ("from", "to", "since"),
    "reads.csv": ("event", "reader", "book", "stars", "at"),
    "plays.csv": ("event", "reader", "book", "stars", "at"),
}
SOURCES = tuple(COLUMNS)
_KEY = st.sampled_from(["1", "2", "3", "4", "1", "2", "3", "4", ""])
_PAGES = st.sampled_from(["", "7", "8", "few"])
_CITED = st.tuples(_KEY, _KEY, st.sampled_from(["", "5", "6", "soon"]))
_EVENT = st.tuples(
    st.sampled_from("ef"), st.sampled_from("uv"), _KEY, st.sampled_from(["1", "2", ""]), st.sampled_from(["100", "200"])
)
_ROW = {
    "books.csv": st.tuples(
        _KEY,
        st.sampled_from(["", "A", "B"]),
        _PAGES,
        st.sampled_from(["", "x", "x|y"]),
        st.sampled_from(["", "2", "4|1"]),
    ),
    "notes.csv": st.tuples(_KEY, st.sampled_from(["", "n", "m"]), _PAGES),
    "citations.csv": _CITED,
    "more.csv": _CITED,
    "reads.csv": _EVENT,
    "plays.csv": _EVENT,
}


def some_rows(most: int = 4) -> st.SearchStrategy[Rows]:
    """Some of the files, with some rows each."""
    files = {name: st.lists(row, max_size=most) for name, row in _ROW.items()}
    return st.sets(st.sampled_from(SOURCES), min_size=1).flatmap(
        lambda names: st.fixed_dictionaries({name: files[name] for name in SOURCES if name in names})
    )


def rules(folder: Path, text: str = MAPPING) -> tuple[Mapping, Ontology]:
    """The mapping and the ontology of such a library."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "library.ttl").write_text(ONTOLOGY, encoding="utf-8")
    (folder / "library.mapping.yaml").write_text(text, encoding="utf-8")
    mapping = load_mapping(folder / "library.mapping.yaml")
    return mapping, load_ontology(mapping.ontology)
