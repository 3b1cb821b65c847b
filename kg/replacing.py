"""A file that is replaced as a whole: after a kill or a power cut there is the one before, or the new one."""

import os
from pathlib import Path


def replace_file(path: Path, text: str) -> None:
    """Write the text beside the path, wait until it is on the disk, and only then rename it. Raises OSError."""
    fresh = path.with_name(f".{path.name}")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())  # else a rename may reach the disk before what it names
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
