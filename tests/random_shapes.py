"""Made-up shapes, and entities that may break them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.ontologies import PREFIXES

SHOP = "https://shop.example/#"
ONTOLOGY = (
    PREFIXES
    + """
:Toy a owl:Class ; rdfs:subClassOf :Thing, :Gift . :Gift a owl:Class . :Car a owl:Class ; rdfs:subClassOf :Toy .
:text a owl:DatatypeProperty . :size a owl:DatatypeProperty ; rdfs:range xsd:integer .
:price a owl:DatatypeProperty ; rdfs:range xsd:decimal . :sold a owl:DatatypeProperty ; rdfs:range xsd:boolean .
:since a owl:DatatypeProperty ; rdfs:range xsd:date .
:near a owl:ObjectProperty ; kg:inverseLabel "x" ; rdfs:domain :Thing ; rdfs:range :Thing .
"""
)
CLASSES = ("Thing", "Toy", "Car", "Gift")
THINGS = ("Thing", "Toy", "Car")
TEXTS = {
    "text": [f'"{text}"' for text in ("", "a", "A", "ab", "b7", "aaab", "7", "ä")],
    "size": ["-1", "0", "1", "2", "12"],
    "price": [f'"{price}"^^xsd:decimal' for price in ("-0.50", "0.00", "0.75", "1.25")],
    "sold": ["true", "false"],
    "since": [f'"{day}"^^xsd:date' for day in ("1969-12-31", "1999-01-01", "2024-02-29")],
}
"""Property -> literals as Turtle writes them."""
DATATYPES = {"text": "string", "size": "integer", "price": "decimal", "sold": "boolean", "since": "date"}
PATTERNS = ["^a", "b$", "^[a-z]+$", "[0-9]", "^.$", "^$", "^-?[0-9]$"]


@dataclass(frozen=True)
class Made:
    """An entity that was made up: literals as in Turtle, and the classes of what it is near."""

    cls: str
    literals: dict[str, str]
    tails: Sequence[str] = field(default=())


def made() -> st.SearchStrategy[Made]:
    literals = st.fixed_dictionaries({}, optional={name: st.sampled_from(texts) for name, texts in TEXTS.items()})
    things = st.builds(Made, st.sampled_from(THINGS), literals, st.lists(st.sampled_from(THINGS), max_size=3))
    return st.one_of(things, st.builds(Made, st.just("Gift"), literals))


@st.composite
def property_shapes(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from([*TEXTS, "near"]))
    parts = [
        f"sh:path :{name}",
        *draw(st.lists(st.sampled_from([f"sh:severity sh:{s}" for s in ("Warning", "Info")]), max_size=1)),
    ]
    count = st.integers(0, 2 if name == "near" else 1)
    least = draw(count)
    options = [f"sh:minCount {least}", f"sh:maxCount {draw(st.integers(least, 2))}"]
    if name == "near":
        options += [f"sh:class :{draw(st.sampled_from(CLASSES))}", "sh:nodeKind sh:IRI"]
    else:
        literal = st.sampled_from(TEXTS[name])
        options += [f"sh:in ({' '.join(draw(st.lists(literal, max_size=3)))})", "sh:nodeKind sh:Literal"]
        options += [f"sh:datatype xsd:{DATATYPES[name]}"]
    if name in ("text", "size"):
        flags = draw(st.sampled_from(["", ' ; sh:flags "i"']))
        options += [f'sh:pattern "{draw(st.sampled_from(PATTERNS))}"{flags}']
        options += [f"sh:{which} {draw(st.integers(0, 3))}" for which in ("minLength", "maxLength")]
    if name in ("size", "price", "since"):
        bounds = ("minInclusive", "maxInclusive", "minExclusive", "maxExclusive")
        options += [f"sh:{which} {draw(literal)}" for which in bounds]
    chosen = draw(st.lists(st.sampled_from(options), min_size=1, max_size=4, unique=True))
    return "[ " + " ; ".join([*parts, *chosen]) + " ]"


@st.composite
def shapes(draw: st.DrawFn) -> str:
    lines = []
    for i in range(draw(st.integers(1, 3))):
        targets = draw(st.lists(st.sampled_from(CLASSES), min_size=1, max_size=2, unique=True))
        parts = draw(st.lists(property_shapes(), min_size=1, max_size=3))
        head = f":{targets[0]}" if draw(st.booleans()) and i == 0 else f":S{i}"
        asks = [f"sh:targetClass :{target}" for target in targets] + [f"sh:property {part}" for part in parts]
        lines.append(" ; ".join([f"{head} a sh:NodeShape", *asks]) + " .")
    return "\n".join(lines)
