"""How a file is read: what the mapping says of it, and what its name and first bytes say."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from kg.formats.source import Input
from ontology.errors import InputError

FormatName = Literal["csv", "tsv", "jsonl", "json", "parquet", "turtle", "ntriples", "jsonld", "merchant-xml"]
NAMES: tuple[str, ...] = get_args(FormatName)

ENDINGS: Mapping[str, FormatName] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".ttl": "turtle",
    ".nt": "ntriples",
    ".jsonld": "jsonld",
    ".xml": "merchant-xml",
}


@dataclass(frozen=True)
class Format:
    """How to read a file. What is None is found out from its name and its first bytes.

    `delimiter` and `quote` are one character each; with quote "" no character quotes.
    """

    format: FormatName | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None


FOUND_OUT = Format()
"""Nothing is given."""


def resolved(source: Input, form: Format) -> Format:
    """The same with the format found out. Raises InputError where it cannot be."""
    if form.format in NAMES:
        return form
    if form.format is not None:
        raise InputError(f"{source.name}: the format {form.format!r} is not known; known are {', '.join(NAMES)}")
    if source.ending and source.ending not in ENDINGS:
        known = ", ".join(ENDINGS)
        raise InputError(
            f"{source.name}: the ending {source.ending!r} is not known; known are {known}, or give a format"
        )
    found = ENDINGS[source.ending] if source.ending else guessed(source.sample)
    return replace(form, format="jsonld" if found == "json" and _SCHEMA_ORG.match(source.sample) else found)


def guessed(sample: bytes) -> FormatName:
    """The format of a file without an ending, by how it begins."""
    start = sample.removeprefix(b"\xef\xbb\xbf").lstrip()
    for pattern, name in _STARTS:
        if pattern.match(start):
            return name
    return "csv"


_SCHEMA_ORG = re.compile(
    rb"""(\xef\xbb\xbf)?\s*+(\[\s*+)?\{\s*+                          # an object, or an array of them
    ((?!"@context")"[^"\\]*+"\s*+:\s*+("(?:[^"\\]|\\.)*+"|[^"{}\[\]:,\s]++)\s*+,\s*+)*+  # texts and numbers before it
    "@context"\s*+:\s*+[\[{\s]*+("@vocab"\s*+:\s*+)?"(https?:)?//(www\.)?schema\.org[/"]""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
"""The start of a `.json` file that is JSON-LD of schema.org, as most sites publish it."""
_STARTS: tuple[tuple[re.Pattern[bytes], FormatName], ...] = (
    (re.compile(rb"PAR1"), "parquet"),
    (re.compile(rb"<\?xml|<!|<(rss|feed|rdf:RDF)[\s>]"), "merchant-xml"),
    (re.compile(rb"(<[^<>\s]+>|_:\S+)\s+<[^<>\s]+>\s+[<\"_]"), "ntriples"),
    (re.compile(rb"@prefix\s|@base\s|PREFIX\s|BASE\s|<[^<>\s]*>\s", re.IGNORECASE), "turtle"),
    (re.compile(rb"[\[{].*\"@(context|id|graph)\"\s*:", re.DOTALL), "jsonld"),
    (re.compile(rb"\{[^\n]*\}\s*(\n\s*\{|$)"), "jsonl"),
    (re.compile(rb"\[\s*[\[{\]]|\{"), "json"),
)
"""The first that fits. A comment of Turtle begins with #, as does many a CSV header: that has to be given."""
