"""`python -m benchmarks [name ...]`: runs all benchmarks, or those named, and merges the numbers into results.json."""

import importlib
import pkgutil
import sys
from pathlib import Path

from benchmarks.results import report

HERE = Path(__file__).parent


def measuring() -> list[str]:
    """Every module here that measures has `measure() -> dict[str, float]`."""
    names = (module.name for module in pkgutil.iter_modules([str(HERE)]))
    return sorted(name for name in names if "\ndef measure() -> " in (HERE / f"{name}.py").read_text(encoding="utf-8"))


def main(names: list[str]) -> int:
    """Run those with these names, or all."""
    known = measuring()
    unknown = sorted(set(names) - set(known))
    if unknown:
        print(f"no benchmark is called {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    for name in names or known:
        report(importlib.import_module(f"benchmarks.{name}").measure())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
