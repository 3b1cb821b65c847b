import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.formats.door import found, header, read_blocks
from kg.formats.form import Format
from ontology.errors import InputError, StoreError
from tests.kg.reading import records, refusals, rows, wrong

TABLE = "id,title\n1,Amélie\n2,Seven\n".encode()
ROWS = [{"id": "1", "title": "Amélie"}, {"id": "2", "title": "Seven"}]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.zst", "A.CSV.GZ", "a.csv.backup.csv"])
@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, zstd.compress, lambda b: gzip.compress(b[:9]) + gzip.compress(b[9:])]
)
def test_compressed_files_are_read_by_what_they_hold(tmp_path: Path, name: str, pack: object) -> None:
    path = tmp_path / name
    path.write_bytes(pack(TABLE))  # type: ignore[operator]
    magic = {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5"}.get(path.suffix.lower(), b"")
    if not path.read_bytes().startswith(magic):
        with pytest.raises(InputError, match="does not hold what its ending"):
            list(read_blocks(path))
    else:
        assert rows(path) == ROWS
        assert header(path) == ("id", "title")


@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".zst", zstd.compress)])
def test_a_compressed_file_cut_anywhere_gives_its_first_rows_or_an_input_error(
    tmp_path: Path, ending: str, pack: object
) -> None:
    whole = pack(TABLE)  # type: ignore[operator]
    path = tmp_path / f"a.csv{ending}"
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(InputError, match=r"a\.csv") as error:
            records(path)
        assert size == 0 or "cut short" in str(error.value) or "does not hold" in str(error.value)


@given(st.integers(0, 60), st.integers(1, 255), st.sampled_from([".gz", ".zst"]))
@settings(max_examples=100)
def test_a_damaged_compressed_file_is_an_input_error_or_rows(
    tmp_path_factory: pytest.TempPathFactory, place: int, change: int, ending: str
) -> None:
    whole = bytearray((gzip.compress if ending == ".gz" else zstd.compress)(TABLE))
    whole[place % len(whole)] ^= change
    path = tmp_path_factory.mktemp("damaged") / f"a.csv{ending}"
    path.write_bytes(whole)
    assert str(path) in wrong(path)


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.zst"
    path.write_bytes(zstd.compress(b"a,b\n" + b"1,2\n" * (40 << 20)))
    with pytest.raises(InputError, match="becomes more than 1000 times its size"):
        for _ in read_blocks(path):
            pass


def test_a_window_that_needs_much_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.zst"
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 30})
    path.write_bytes(packer.compress(TABLE) + packer.flush())
    with pytest.raises(InputError, match=r"is damaged: .*too much memory"):
        list(read_blocks(path))


@pytest.mark.parametrize(
    "url", ["http://example.org/a.csv", "https://example.org/a.csv", "s3://b/a.csv", "file:///a.csv"]
)
def test_no_url_is_fetched(url: str) -> None:
    with pytest.raises(InputError, match=f"{url.split(':', maxsplit=1)[0]}://.* is a URL, and none is ever fetched"):
        list(read_blocks(Path(url)))


def test_an_unknown_ending_and_a_missing_file_are_input_errors(tmp_path: Path) -> None:
    (tmp_path / "a.xls").write_bytes(b"")
    with pytest.raises(InputError, match=r"the ending '\.xls' is not known; known are \.csv, \.tsv"):
        list(read_blocks(tmp_path / "a.xls"))
    with pytest.raises(InputError, match="No such file"):
        list(read_blocks(tmp_path / "a.csv"))
    with pytest.raises(InputError, match="Is a directory"):
        list(read_blocks(tmp_path))


def piped(content: bytes, form: str = "") -> str:
    code = (
        "from pathlib import Path; from kg.formats.door import *; from kg.formats.form import *\n"
        f"for b in read_blocks(Path('-'){form}): print(b.file, [b.row(i) for i in range(len(b.lines))])"
    )
    done = subprocess.run([sys.executable, "-c", code], input=content, capture_output=True, check=False)
    return done.stdout.decode() or done.stderr.decode().splitlines()[-1]


def test_standard_input() -> None:
    assert piped(TABLE) == f"- {ROWS}\n"
    assert piped(gzip.compress(TABLE)) == f"- {ROWS}\n"
    assert piped(b'{"id": 1}\n{"id": 2}\n') == "- [{'id': '1'}, {'id': '2'}]\n"
    assert piped(b"1;2\n3;4\n", ", Format('csv', delimiter=',')") == "- [{'1;2': '3;4'}]\n"
    assert "has no header" in piped(b"")
    assert header(Path("-")) is None


def test_a_slow_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "films.csv"
    os.mkfifo(pipe)
    each = f"for b in {TABLE!r}: f.write(bytes([b])); time.sleep(0.001)"
    code = f"import time\nwith open({str(pipe)!r}, 'wb', 0) as f:\n {each}"
    with subprocess.Popen([sys.executable, "-c", code]):
        assert rows(pipe) == ROWS


def test_a_pipe_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(TABLE)
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(StoreError, match="cannot be kept"):
        list(read_blocks(tmp_path / "a.csv", copy=full))


TITLES = "id;title\n" + "".join(f"{n};Die fabelhafte Welt der Amélie, Größe {n} für Übermütige\n" for n in range(40))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_encodings_are_detected(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TITLES.encode(encoding))
    assert [row["title"] for row in rows(path)][7] == "Die fabelhafte Welt der Amélie, Größe 7 für Übermütige"


WORDS = {
    "cp1252": (
        "Größe, Kühltasche für Männer, weiße Straßenschuhe",
        "Étui à lunettes, Crème brûlée, Où est la forêt",
        "Niño pequeño, Camión, ¿Quién?, Jamón ibérico, Cabaña",
        "São Paulo, Coração, Pão de açúcar, Três irmãos",
        "Smörgåsbord, Fläktremskiva, Älg, Östra, Blå färg",
        "Rødgrød med fløde, Blå bær, Sæbe, Ærø, Kærlighed",
    ),
    "cp1250": (
        "Zażółć gęślą jaźń, Książka, Łódź, Krzesło, Żółty, Śruba",
        "Příliš žluťoučký kůň, Čaj, Šálek, Dřevo, Židle, Děti",
        "Árvíztűrő tükörfúrógép, Szék, Könyv, Őszi, Fűző",
    ),
    "cp1251": ("Сталкер, Солярис, Война и мир, Зеркало, Стул деревянный",),
    "koi8-r": ("Сталкер, Солярис, Война и мир, Зеркало, Стул деревянный",),
    "cp1253": ("Καρέκλα, Τραπέζι, Βιβλίο, Παπούτσια, Θάλασσα, Ζορμπάς",),
    "cp932": ("七人の侍, 千と千尋の神隠し, もののけ姫, 東京物語, 椅子, テーブル",),
    "euc-jp": ("七人の侍, 千と千尋の神隠し, もののけ姫, 東京物語, 椅子, テーブル",),
    "gb18030": ("卧虎藏龙, 霸王别姬, 花样年华, 椅子, 桌子, 红高粱",),
    "big5": ("臥虎藏龍, 霸王別姬, 花樣年華, 椅子, 桌子, 紅高粱",),
    "cp949": ("기생충, 올드보이, 의자, 책상, 살인의 추억, 괴물",),
}


@pytest.mark.parametrize(("encoding", "words"), [(name, words) for name, texts in WORDS.items() for words in texts])
def test_languages_are_read_in_their_own_letters(tmp_path: Path, encoding: str, words: str) -> None:
    path = tmp_path / "words.csv"
    titles = [f"{word} {i}" for i, word in enumerate(words.split(", ") * 15)]
    path.write_bytes(
        b"id,title,price\n" + "".join(f'{i},"{t}",{i}.50\n' for i, t in enumerate(titles)).encode(encoding)
    )
    assert [row["title"] for row in rows(path)] == titles


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "shift_jis", "gb18030", "euc-kr"])
def test_encodings_can_be_given(tmp_path: Path, encoding: str) -> None:
    text = {"shift_jis": "七人の侍", "gb18030": "卧虎藏龙", "euc-kr": "기생충"}.get(encoding, "Сталкер")
    path = tmp_path / "a.csv"
    path.write_bytes(f"id,title\n1,{text}\n".encode(encoding))
    assert rows(path, form=Format(encoding=encoding)) == [{"id": "1", "title": text}]


def test_few_bytes_that_are_not_utf8_are_not_guessed_at(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(("id,title\n" + "1,Amélie\n" * 200).encode() + b"2,Am\xe9lie\n" * 30)
    assert found(path).encoding == "utf-8"
    assert (len(rows(path)), len(refusals(path))) == (200, 30)


def test_what_is_not_in_the_given_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,title\n1,\x81\n2,x\n")
    assert records(path, form=Format(encoding="cp1252")) == [
        (2, "is not cp1252 (character 1); give the right encoding"),
        (3, {"id": "2", "title": "x"}),
    ]
    path.write_bytes("id,title\n1,x\n2,".encode("utf-16-le") + b"\x00\xd8y\0\n\0")
    assert [type(r) for _, r in records(path, form=Format(encoding="utf-16-le"))] == [dict, str]


@given(
    st.binary(max_size=100),
    st.sampled_from(["utf-8", "utf-16", "utf-32", "cp1252", "shift_jis", "gb18030", "utf-16-be"]),
)
@settings(max_examples=200)
def test_any_bytes_in_any_encoding_are_rows_or_refusals(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, encoding: str
) -> None:
    path = tmp_path_factory.mktemp("any") / "a.csv"
    path.write_bytes("a,b\n".encode(encoding) + content)
    records(path, form=Format(encoding=encoding, delimiter=","))
