"""Memory does not grow with the file; by hand, 50 MB and 300 MB of each format differ by no more than 2 MiB.

N-Triples differ by the 64 MiB that its temporary database keeps in memory.
"""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from arro3.core import Array, DataType, Table
from arro3.io import write_parquet

SMALL, LARGE = 20_000, 240_000
ITEM = "<item><g:id>{0}</g:id><title>Product {0} with a name</title><g:price>{0} EUR</g:price></item>"
FEED = '<rss xmlns:g="http://base.google.com/ns/1.0"><channel>{}</channel></rss>'


def product(n: int) -> dict[str, object]:
    return {"id": n, "title": f"Product {n} with a name", "offers": {"price": n / 7}, "tags": ["a", "b"]}


def parquet(path: Path, n: int) -> None:
    texts = [f"Product {i} with a name" for i in range(n)]
    write_parquet(Table.from_pydict({"id": Array(texts, DataType.string())}), str(path))


WRITERS: dict[str, Callable[[Path, int], object]] = {
    "csv": lambda p, n: p.write_text("id,title\n" + "".join(f"{i},Product {i} with a name\n" for i in range(n))),
    "csv.gz": lambda p, n: p.write_bytes(
        gzip.compress(b"id,n\n" + b"".join(b'%d,"P %d"\n' % (i, i) for i in range(n)))
    ),
    "jsonl": lambda p, n: p.write_text("".join(json.dumps(product(i)) + "\n" for i in range(n))),
    "json": lambda p, n: p.write_text(json.dumps([product(i) for i in range(n)])),
    "parquet": parquet,
    "xml": lambda p, n: p.write_text(FEED.format("".join(ITEM.format(i) for i in range(n)))),
    "nt": lambda p, n: p.write_text(
        "".join(f'<http://e.org/{i}> <https://schema.org/name> "Product {i}, {"x" * 200}" .\n' for i in range(n))
    ),
}
# VmHWM and not ru_maxrss: the latter keeps what the process that started this one had.
CODE = """
import sys
from pathlib import Path
from kg.formats.door import read_blocks
rows = sum(len(block.lines) for block in read_blocks(Path(sys.argv[1])))
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(rows, int(status["VmHWM"].split()[0]) >> 10)
"""


def rows_and_mib(path: Path) -> tuple[int, int]:
    done = subprocess.run([sys.executable, "-c", CODE, str(path)], capture_output=True, check=True, text=True)
    rows, mib = done.stdout.split()
    return int(rows), int(mib)


@pytest.mark.parametrize("ending", WRITERS)
def test_memory_does_not_grow_with_the_file(tmp_path: Path, ending: str) -> None:
    used = []
    for n in (SMALL, LARGE):
        WRITERS[ending](tmp_path / f"{n}.{ending}", n)
        rows, mib = rows_and_mib(tmp_path / f"{n}.{ending}")
        assert rows == n
        used.append(mib)
    assert used[1] - used[0] < (90 if ending == "nt" else 40)
