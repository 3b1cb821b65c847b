"""What a training leaves behind: how each phase went, epoch by epoch, how long it took and how much memory it needed.

The curves repeat with the seed, so they belong into the bundle. Time and memory do not: they stand beside it.
"""

import resource
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

Curves = Mapping[str, Mapping[str, list[float]]]
"""By phase and measure, such as `loss`: one number an epoch."""


def is_loss(measure: str) -> bool:
    """Whether less of it is better."""
    return measure.endswith("loss")


@dataclass
class Phase:
    """`peak_mib` is the most memory of the process up to the end of the phase; `curves` has one number an epoch.

    A phase `beside` went on in another process, while others did: its seconds are not in the sum of all.
    """

    seconds: float = 0.0
    peak_mib: int = 0
    beside: bool = False
    curves: dict[str, list[float]] = field(default_factory=dict)


@dataclass
class Record:
    """The phases of a training, in their order; written while it runs."""

    phases: dict[str, Phase] = field(default_factory=dict)
    _begun: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """Count the time until the block ends as that of the phase."""
        self.phases.setdefault(phase, Phase())
        self._begun[phase] = time.monotonic()
        yield
        self._count(phase)
        del self._begun[phase]

    def add(self, phase: str, measures: Mapping[str, float]) -> None:
        """Note what was measured after an epoch."""
        curves = self.phases.setdefault(phase, Phase()).curves
        for name, value in measures.items():
            curves.setdefault(name, []).append(value)

    def curves(self) -> Curves:
        """Those of the phases that have epochs."""
        return {name: phase.curves for name, phase in self.phases.items() if phase.curves}

    def so_far(self) -> dict[str, Any]:
        """All of it, for JSON; phases that run now with their time up to now."""
        for phase in self._begun:
            self._count(phase)
        return {name: asdict(phase) for name, phase in self.phases.items()}

    def go_on(self, earlier: Mapping[str, Any]) -> None:
        """Take over what was noted before the training was killed."""
        self.phases.update({name: Phase(**phase) for name, phase in earlier.items()})

    def went_beside(self, earlier: Mapping[str, Any]) -> None:
        """Take over what another process noted; its memory came to what this one has had up to now."""
        self.go_on(earlier)
        for name in earlier:
            self.phases[name].beside = True
            self.phases[name].peak_mib += peak_mib()

    def _count(self, phase: str) -> None:
        now = time.monotonic()
        found = self.phases[phase]
        found.seconds += now - self._begun[phase]
        found.peak_mib = max(found.peak_mib, peak_mib())
        self._begun[phase] = now


def peak_mib() -> int:
    """The most memory that this process has had so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024  # which Linux counts in KiB
