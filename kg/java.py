"""The Java program of the embedded database, and what an earlier run of it has learned.

What a Java program loads, links and finds to be busy in its first seconds is the same each time. One run can write that
down (the ahead-of-time cache of JDK 25, https://openjdk.org/jeps/483 and 515), and later ones start in half the time.
`kg warm-up` has it written; without it, or with one that does not fit, all works as well, later.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import arcadedb_embedded

OPTIONS = ("-Xms1g", "-Xmx1g", "-XX:InlineSmallCode=800", "-XX:FreqInlineSize=80")
"""The heap, of the same size from the start; and less inlining than usual: a load is over before a compiler that takes
its time has earned it back."""
SETTINGS = "@java.args"
"""What else it is told, in a file of the folder in which it runs."""
_UNUSED = ("arcadedb-mcp", "arcadedb-postgresw", "arcadedb-redisw", "arcadedb-console", "arcadedb-graphql")
"""Jars that would open further doors."""
_HOME = Path(arcadedb_embedded.__file__).parent


def command(learn: Path | None = None) -> list[str]:
    """How to start it; with `learn` it writes down there what it learns, once it is told to end."""
    kept = learned()
    if learn:
        how = [f"-XX:AOTCacheOutput={learn}"]
    elif os.path.isfile(kept):  # noqa: PTH113 this one says no where it may not look
        how = [f"-XX:AOTCache={kept}"]
    else:
        how = []
    return [*_program(), *how, SETTINGS]


def learned() -> Path:
    """The file with what it has learned, in the user's folder for caches; each place of the program has its own.

    Java looks itself whether it fits: with other jars or another version it is not used until it is made again.
    """
    digest = hashlib.sha256(str(_HOME).encode()).hexdigest()[:16]
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 of nobody too
    return Path(caches).absolute() / "kgrec" / f"embedded-{digest}.aot"


def forget() -> bool:
    """Delete what it has learned, which may be damaged; give whether there was anything."""
    with suppress(OSError):
        learned().unlink()
        return True
    return False


def _program() -> list[str]:
    return [str(_HOME / "jre" / "bin" / "java"), *OPTIONS, "-cp", os.pathsep.join(map(str, _jars()))]


def _jars() -> list[Path]:
    return [jar for jar in sorted((_HOME / "jars").glob("*.jar")) if not jar.name.startswith(_UNUSED)]
