"""Memory of a load does not grow with its files: staged and compared in a process of its own, so without a database."""

import subprocess
import sys
from pathlib import Path

import pytest

CHILD = """
import resource, sys
from pathlib import Path
from tests.kg.load_ledger import LedgerGraph
loaded = LedgerGraph(Path(sys.argv[1]))
loaded.load_files([loaded.folder / name for name in ("books.csv", "citations.csv", "reads.csv")], dry_run=True)
assert loaded.refused_rows == int(sys.argv[2]), loaded.refused_rows
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
GROWTH_MIB = 60


def peak_mib(folder: Path, rows: int) -> int:
    """The most memory of a load of so many rows, every hundredth of them refused."""
    folder.mkdir()
    books = rows // 10
    with (folder / "books.csv").open("w", encoding="utf-8") as file:
        file.write("id,title,pages,authors,like\n")
        file.writelines(f"b{i},title {i},{'few' if i % 100 == 99 else i},a{i % 999},\n" for i in range(books))
    with (folder / "citations.csv").open("w", encoding="utf-8") as file:
        file.write("from,to,since\n")
        file.writelines(f"b{i % books // 100 * 100},b{i * 7 % books // 100 * 100},\n" for i in range(rows * 4 // 10))
    with (folder / "reads.csv").open("w", encoding="utf-8") as file:
        file.write("event,reader,book,stars,at\n")
        for i in range(rows // 2):
            file.write(f"e{i},u{i % 5000},b{i % books // 100 * 100},{'' if i % 100 == 99 else 3},{i}\n")
    refused = books // 100 + rows // 2 // 100
    command = [sys.executable, "-c", CHILD, str(folder), str(refused)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.timeout(300)
def test_memory_is_flat(tmp_path: Path) -> None:
    small, large = peak_mib(tmp_path / "small", 100_000), peak_mib(tmp_path / "large", 1_000_000)
    print(f"{small} MiB for 100,000 rows, {large} MiB for 1,000,000")
    assert large - small < GROWTH_MIB
