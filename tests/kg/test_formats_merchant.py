from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.formats.door import found, header, read_blocks
from kg.formats.form import Format
from kg.formats.limits import MAX_DEPTH, MAX_RECORD
from ontology.errors import InputError
from tests.kg.reading import records, rows, wrong

RSS = '<?xml version="1.0"?><rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>{}</channel></rss>'
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><title>Shop</title>{}</feed>'
ITEM = """<item>
  <title>Dog bowl</title><link>https://example.org/bowl?a=1&amp;b=2</link>
  <g:id> DB_1 </g:id><g:title>Bowl &lt;3</g:title><g:price>15.99 EUR</g:price>
  <g:description><![CDATA[Holds <b>water</b>]]></g:description>
  <g:additional_image_link>https://example.org/1.png</g:additional_image_link>
  <g:additional_image_link>https://example.org/2.png</g:additional_image_link>
  <g:shipping><g:country>DE</g:country><g:price>4 EUR</g:price></g:shipping>
  <g:shipping><g:country>AT</g:country><g:price>6 EUR</g:price></g:shipping>
  <g:gtin/>
</item>"""
BOWL = {
    "title": "Bowl <3",
    "link": "https://example.org/bowl?a=1&b=2",
    "id": "DB_1",
    "price": "15.99 EUR",
    "description": "Holds <b>water</b>",
    "additional_image_link": '["https://example.org/1.png", "https://example.org/2.png"]',
    "shipping.country": '["DE", "AT"]',
    "shipping.price": '["4 EUR", "6 EUR"]',
    "gtin": "",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "feed.xml"


def test_an_rss_feed(path: Path) -> None:
    path.write_text(RSS.format(ITEM + "<item><g:id>2</g:id></item>"))
    first, second = records(path)
    assert first == (1, BOWL)
    assert second == (2, {name: "2" if name == "id" else "" for name in BOWL})
    assert header(path) is None


def test_an_atom_feed_has_its_links_in_attributes(path: Path) -> None:
    entry = '<entry><title>x</title><link href="https://example.org/x"/><g:id>1</g:id></entry>'
    assert rows(path, ATOM.format(entry).encode()) == [{"title": "x", "link": "https://example.org/x", "id": "1"}]


def test_the_tsv_variant_is_a_tsv(tmp_path: Path) -> None:
    content = b'id\ttitle\tadditional image link\n1\t"Bowl, ""blue"""\ta,b\n'
    assert rows(tmp_path / "feed.tsv", content) == [
        {"id": "1", "title": 'Bowl, "blue"', "additional image link": "a,b"}
    ]


def test_encodings(path: Path) -> None:
    text = RSS.format("<item><g:id>Größe</g:id></item>")
    for encoding in ("iso-8859-1", "windows-1252", "utf-16"):
        content = text.replace('"1.0"?', f'"1.0" encoding="{encoding}"?', 1).encode(encoding)
        assert rows(path, content) == [{"id": "Größe"}]
    assert rows(path, text.encode("cp1250"), Format(encoding="cp1250")) == [{"id": "Größe"}]
    path.with_name("feed").write_text(text)
    assert found(path.with_name("feed")).format == "merchant-xml"


BOMB = '<!DOCTYPE lolz [<!ENTITY a "aaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BOMB + ATOM.format("<entry><title>&b;</title></entry>"), "has a DOCTYPE, which is refused"),
        ('<!DOCTYPE rss SYSTEM "http://evil/x.dtd">' + ATOM.format(""), "has a DOCTYPE"),
        (RSS.format("<item>&unknown;</item>"), "undefined entity"),
        (RSS.format(ITEM)[:-5], r"is cut short or not XML: .* behind product 1"),
        (RSS.format(ITEM + "<item><g:id>1</g:title></item>"), "mismatched tag .* behind product 1"),
        ("<html></html>", "is no product feed: it begins with <html>"),
        ("", "no element found"),
        ("<rss><item><x:a>1</x:a></item></rss>", "unbound prefix"),
        ('<?xml version="1.0" encoding="klingon"?><rss/>', "encoding"),
        (RSS.format("<item>" + "<a>" * MAX_DEPTH), f"nested more than {MAX_DEPTH} deep"),
        (RSS.format("<item><g:id>" + "x" * (MAX_RECORD + (1 << 20))), f"more than {MAX_RECORD} bytes"),
        ("<rss><item " + "x" * (MAX_RECORD + (1 << 20)), f"more than {MAX_RECORD} bytes"),
    ],
)
def test_what_is_no_feed_is_an_input_error(path: Path, content: str, message: str) -> None:
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        list(read_blocks(path))


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=8).map(
    str.strip
)


@given(st.lists(st.dictionaries(st.sampled_from(["id", "title", "price"]), TEXT, min_size=1), min_size=1, max_size=10))
@settings(max_examples=100)
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, items: list[dict[str, str]]) -> None:
    path = tmp_path_factory.mktemp("xml") / "x.xml"
    inner = ["".join(f"<g:{name}>{escape(text)}</g:{name}>" for name, text in item.items()) for item in items]
    path.write_text(RSS.format("".join(f"<item>{item}</item>" for item in inner)), encoding="utf-8")
    names = {name for item in items for name in item}
    assert rows(path) == [{name: item.get(name, "") for name in names} for item in items]


@given(st.binary(max_size=60) | st.text(st.sampled_from('<>/="&;item '), max_size=40).map(str.encode))
@settings(max_examples=300)
def test_any_bytes_are_products_or_an_input_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "x.xml"
    path.write_bytes(b"<rss><item>" + content)
    assert str(path) in wrong(path)
