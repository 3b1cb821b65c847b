"""Made-up ontologies: some classes, some relations, and everything OWL may say of them that is no contradiction."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from ontology.model import Ontology
from ontology.turtle import parse_ontology
from tests.ontologies import PREFIXES

Statement = tuple[tuple[str, str], str, tuple[str, str]]


@dataclass(frozen=True)
class World:
    """An ontology with the Turtle it was read from, its entities, and all triples that may be said of them."""

    text: str
    ontology: Ontology
    entities: Sequence[tuple[str, str]]
    possible: Sequence[Statement]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Class and relation numbers grow downwards: a parent has a smaller one."""
    classes = [sorted(draw(st.sets(st.integers(0, i - 1), max_size=2))) if i else [] for i in range(draw(_few(1, 4)))]
    lines = [
        f":C{i} a owl:Class" + "".join(f" ; rdfs:subClassOf :C{p}" for p in above) + " ."
        for i, above in enumerate(classes)
    ]
    above = [_ancestors(classes, i) for i in range(len(classes))]
    ends: list[tuple[int, int]] = []
    inverted: set[int] = set()
    symmetric: set[int] = set()
    for i in range(draw(_few(1, 5))):
        free = [j for j in range(i) if j not in inverted | symmetric]
        inverse = draw(st.sampled_from([None, *free]))
        one = draw(_few(0, len(classes) - 1))
        other = draw(st.one_of(st.just(one), _few(0, len(classes) - 1)))
        ends.append((one, other) if inverse is None else (ends[inverse][1], ends[inverse][0]))
        domain, range_ = ends[i]
        said = [f":r{i} a owl:ObjectProperty ; kg:inverseLabel 'x' ; rdfs:domain :C{domain} ; rdfs:range :C{range_}"]
        if inverse is not None:
            inverted |= {i, inverse}
            said.append(f"owl:inverseOf :r{inverse}")
        elif ends[i][0] == ends[i][1] and draw(st.booleans()):
            symmetric.add(i)
            said.append("a owl:SymmetricProperty")
        if draw(st.booleans()) and _meet(above, *ends[i]):
            said.append("a owl:TransitiveProperty")
        fitting = [j for j in range(i) if ends[j][0] in above[ends[i][0]] and ends[j][1] in above[ends[i][1]]]
        said += [f"rdfs:subPropertyOf :r{j}" for j in fitting if draw(st.integers(0, 2)) == 0]
        lines.append(" ; ".join(said) + " .")
    text = PREFIXES + "\n".join(lines)
    entities = [(f"C{i}", key) for i in range(len(classes)) for key in "ab"]
    fits = [
        ((head, f"R{i}", tail))
        for i, (domain, range_) in enumerate(ends)
        for head in entities
        for tail in entities
        if domain in above[int(head[0][1:])] and range_ in above[int(tail[0][1:])]
    ]
    return World(text, parse_ontology(text), entities, fits)


def _few(least: int, most: int) -> st.SearchStrategy[int]:
    return st.integers(least, most)


def _ancestors(parents: Sequence[Sequence[int]], i: int) -> set[int]:
    return {i}.union(*(_ancestors(parents, p) for p in parents[i]))


def _meet(above: Sequence[set[int]], one: int, other: int) -> bool:
    return any({one, other} <= found for found in above)
