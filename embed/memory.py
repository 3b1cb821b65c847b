"""Memory: what a phase is going to need, against what there is, before an hour is spent on finding out."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ontology.errors import InputError

GIB = 1 << 30
_CGROUPS = Path("/sys/fs/cgroup")
_GIVEN_BACK = frozenset({"active_file", "inactive_file"})


@dataclass(frozen=True)
class Need:
    """`what` needs about `of(value)` bytes, which grow with an option's value, but need not be nothing without it."""

    what: str
    option: str
    value: int
    of: Callable[[int], int]

    @property
    def bytes(self) -> int:
        """With the value as it is."""
        return self.of(self.value)

    def fitting(self, free: int) -> int | None:
        """A value with which nine tenths of the free bytes would do, in two digits; None if even 1 needs too much."""
        value = max(bisect_right(range(1, self.value + 1), 0.9 * free, key=self.of), 1)
        unit: int = 10 ** max(len(str(value)) - 2, 0)
        value = value // unit * unit
        return value if self.of(value) <= free else None


def check(needs: Iterable[Need], free: int) -> None:
    """Raise InputError for the first need that is more than the free bytes."""
    for need in needs:
        if need.bytes > free:
            value = need.fitting(free)
            raise InputError(
                f"{need.what} needs about {need.bytes / GIB:.1f} GiB of memory, and {free / GIB:.1f} GiB are free; "
                f"{need.option} is {need.value}, "
                + (f"try --set {need.option}={value}" if value else "and even 1 would be too much: more has to be free")
            )


def free_bytes() -> int:
    """What this process may still take: of the machine, and of its control group, whichever is less."""
    return min([_available(), *_left_in_groups()])


@contextmanager
def enough(hint: str) -> Iterator[None]:
    """Memory that was refused is one sentence; `hint` says what would need less."""
    try:
        yield
    except MemoryError as error:
        raise InputError(f"there is not enough memory ({error}); {hint}") from error
    except RuntimeError as error:  # torch has no error of its own for the CPU; that of CUDA is one of these
        if "t allocate memory" not in str(error) and "out of memory" not in str(error):
            raise
        raise InputError(f"there is not enough memory ({str(error).splitlines()[0]}); {hint}") from error


def _available() -> int:
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))


def _left_in_groups() -> Iterator[int]:
    """What is left in the control group (version 2) and in those above it, as far as they have a limit."""
    own = next((line[3:] for line in _lines(Path("/proc/self/cgroup")) if line.startswith("0::")), "/")
    for group in (_CGROUPS / own.strip("/"), *(_CGROUPS / own.strip("/")).parents):
        yield from left_in(group)


def left_in(group: Path) -> Iterator[int]:
    """What is left in the folder of one control group, if it has a limit."""
    limit, used = _lines(group / "memory.max"), _lines(group / "memory.current")
    if limit and used and limit[0] != "max":
        # Pages of files that were read are counted as used, but given back when they are needed.
        cached = (line.split() for line in _lines(group / "memory.stat"))
        yield int(limit[0]) - int(used[0]) + sum(int(n) for name, n in cached if name in _GIVEN_BACK)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="ascii").splitlines() if path.is_file() else []
