"""What a training has finished so far, on disk: safetensors with JSON in the header, never a pickle.

A file appears by one rename, so a kill leaves the one before. It says for which training it was made (`bound`) and has
a digest: what is of another training, or damaged, counts as not there, and is made again.
"""

import hashlib
import json
import logging
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

EVERY = 10.0
"""Seconds between two checkpoints of one phase: as much work is lost by a kill, and an epoch."""
SHARE = 20
"""A checkpoint waits for so many times what the last one cost, so that a slow disk takes no more than 5 %."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kept:
    """Arrays of any shape, and what else is to be said of them, for JSON."""

    arrays: dict[str, NDArray[Any]]
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Shelf:
    """The folder of one training; `bound` tells it from others, `every` is in seconds."""

    folder: Path
    bound: str
    every: float = EVERY
    _opened: float = field(default_factory=time.monotonic)
    _next: dict[str, float] = field(default_factory=dict)
    _full: bool = False

    def due(self, name: str) -> bool:
        """Whether it is time for the next checkpoint."""
        return time.monotonic() >= self._next.get(name, self._opened + self.every)

    def put(self, name: str, kept: Kept) -> None:
        """Write, in the place of what has this name. A disk that refuses is told, and does not stop the training."""
        begin = time.monotonic()
        try:
            self._write(name, kept)
        except OSError as error:
            if not self._full:
                log.warning(
                    "a checkpoint cannot be written to %s (%s): the training goes on, but cannot be resumed from here",
                    self.folder,
                    error.strerror,
                )
            self._full = True
        now = time.monotonic()
        self._next[name] = now + (max(self.every, SHARE * (now - begin)) if self.every else 0)

    def get(self, name: str) -> Kept | None:
        """What has this name; None if nothing has, or it cannot be used."""
        path = self._path(name)
        if not path.exists():
            return None
        try:
            with safe_open(path, "numpy") as file:
                header = file.metadata() or {}
                arrays = {array: file.get_tensor(array) for array in file.keys()}  # noqa: SIM118  (not a dict)
        except (OSError, SafetensorError) as error:
            log.warning("%s cannot be read (%s), so this is learned again", path, error)
            return None
        if header.get("bound") != self.bound:
            return None
        if header.get("digest") != _digest(arrays, header["said"]):
            log.warning("%s is damaged, so this is learned again", path)
            return None
        return Kept(arrays, json.loads(header["said"]))

    def drop(self, name: str) -> None:
        """Remove what has this name, if anything has."""
        self._path(name).unlink(missing_ok=True)

    def _write(self, name: str, kept: Kept) -> None:
        path = self._path(name)
        fresh = path.with_suffix(".new")
        said = json.dumps(kept.said)
        header = {"bound": self.bound, "said": said, "digest": _digest(kept.arrays, said)}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with fresh.open("wb") as file:
                file.write(save({n: np.require(a, requirements="C") for n, a in kept.arrays.items()}, header))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise

    def _path(self, name: str) -> Path:
        return self.folder / f"{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')}.safetensors"


def _digest(arrays: Mapping[str, NDArray[Any]], said: str) -> str:
    """SHA-256 over names and contents, in order of name."""
    sha = hashlib.sha256(said.encode())
    for name in sorted(arrays):
        sha.update(name.encode())
        sha.update(np.require(arrays[name], requirements="C").reshape(-1).view(np.uint8).data)
    return sha.hexdigest()
