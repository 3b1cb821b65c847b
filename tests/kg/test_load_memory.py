"""Memory does not grow with the files: in a first load, in a second one, and where all has changed.

They are staged and compared in a process of its own, so without a database."""

import subprocess
import sys
from pathlib import Path

import pytest

CHILD = """
import re, sys
from pathlib import Path
from tests.kg.load_ledger import LedgerGraph
class Unseen(LedgerGraph):
    def _apply(self, batch):  # there is no graph
        pass
loaded = Unseen(Path(sys.argv[1]))
paths = [loaded.folder / name for name in ("books.csv", "citations.csv", "reads.csv")]
again = sys.argv[3:]
said = loaded.load_files(paths, dry_run=not again)
assert loaded.refused_rows == int(sys.argv[2]), loaded.refused_rows
for other in again:
    assert loaded.load_files(paths) == {}
    assert loaded.load_files([Path(other), *paths[1:]])["Book"]["changed"] == said["Book"]["added"]
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""
"""By /proc: the peak that getrusage gives begins with that of the process which started this one."""
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
    return _peak(folder, refused)


def peak_mib_of_texts(folder: Path, rows: int) -> int:
    """The most memory of a load of so many books with titles of 5,000 characters."""
    for name in (".", "changed"):
        (folder / name).mkdir(parents=True)
        with (folder / name / "books.csv").open("w", encoding="utf-8") as file:
            file.write("id,title,pages,authors,like\n")
            file.writelines(f"b{i},{name}{f'{i} words ' * 500:.5000},{i},,\n" for i in range(rows))
    (folder / "citations.csv").write_text("from,to,since\n", encoding="utf-8")
    (folder / "reads.csv").write_text("event,reader,book,stars,at\n", encoding="utf-8")
    return _peak(folder, 0, folder / "changed" / "books.csv")


def _peak(folder: Path, refused: int, *changed: Path) -> int:
    command = [sys.executable, "-c", CHILD, str(folder), str(refused), *map(str, changed)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) // 1024


@pytest.mark.timeout(300)
def test_memory_is_flat_with_long_texts(tmp_path: Path) -> None:
    small, large = peak_mib_of_texts(tmp_path / "small", 20_000), peak_mib_of_texts(tmp_path / "large", 60_000)
    print(f"{small} MiB for 100 MB of texts, {large} MiB for 300 MB")
    assert large - small < GROWTH_MIB


@pytest.mark.timeout(300)
def test_memory_is_flat(tmp_path: Path) -> None:
    small, large = peak_mib(tmp_path / "small", 600_000), peak_mib(tmp_path / "large", 2_400_000)
    print(f"{small} MiB for 600,000 rows, {large} MiB for 2,400,000")
    assert large - small < GROWTH_MIB
