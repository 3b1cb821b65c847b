"""JSON: an array of objects, or an object that holds one such array, at any depth."""

from collections.abc import Iterator

from kg.blocks import ROWS, Block
from kg.formats.encoding import found
from kg.formats.form import Format
from kg.formats.jsontext import Element, JsonText
from kg.formats.limits import CHUNK, MAX_DEPTH
from kg.formats.objects import columns_of, flat
from kg.formats.rows import Row, blocks_of, checked, refused_line
from kg.formats.source import Input
from kg.triples import Refusal
from ontology.errors import InputError


def read_json(source: Input, form: Format) -> Iterator[Block]:
    """The rows of an array; their numbers are ordinals from 1."""
    text = JsonText(source, found(source.sample, form.encoding, source.name))
    start = 1
    for elements in _chunks(records(text)):
        yield from _blocks(source.name, elements, start)
        start += len(elements)


def records(text: JsonText) -> Iterator[Element]:
    """The elements of the array. Raises InputError where there is none, or a second one."""
    arrays: list[str] = []
    if text.next() == "[":
        yield from text.elements()
    else:
        yield from _within(text, "", arrays, MAX_DEPTH)
        if not arrays:
            raise InputError(f"{text.source.name} has no array of objects; it has to be one, or an object that has one")
    text.end()


def _within(text: JsonText, path: str, arrays: list[str], depth: int) -> Iterator[Element]:
    if depth == 0:
        raise InputError(f"{text.source.name} is nested more than {MAX_DEPTH} deep before its first record")
    for key in text.members():
        name = f"{path}{key}"
        if text.next() == "[" and text.after() in ("{", "]"):
            arrays.append(name)
            if len(arrays) > 1:
                raise InputError(
                    f"{text.source.name} has two arrays of objects, {' and '.join(arrays)}; give one of them"
                )
            yield from text.elements()
        elif text.next() == "{" and not arrays:
            yield from _within(text, f"{name}.", arrays, depth - 1)
        else:
            text.value()


def _chunks(elements: Iterator[Element]) -> Iterator[list[Element]]:
    chunk: list[Element] = []
    size = 0
    for element in elements:
        chunk.append(element)
        size += len(element.text)
        if len(chunk) == ROWS or size > CHUNK:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _blocks(file: str, elements: list[Element], start: int) -> Iterator[Block]:
    whole = all(element.wrong is None for element in elements)
    columns = columns_of([element.value for element in elements]) if whole else None
    if columns is not None:
        yield checked(file, columns, range(start, start + len(elements)))
    else:
        yield from blocks_of(file, (_row(file, i, element) for i, element in enumerate(elements, start)))


def _row(file: str, line: int, element: Element) -> Row | Refusal:
    if element.wrong is not None:
        return refused_line(file, line, element.text, element.wrong.rule, str(element.wrong))
    return flat(file, line, element.value, element.text)
