"""Writers of the embedded database take turns.

That database lets them all go ahead and fails all but one when they are done: with a conflict, or with a duplicate
where two create the same entity. Tried again, some would never win.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kg.address import GraphAddress


@contextmanager
def turn(address: GraphAddress) -> Iterator[None]:
    """Wait for the other writers, of this process and of others. Elsewhere than on the embedded database: nothing.

    Raises OSError when the database's folder is gone.
    """
    if address.turns is None:
        yield
        return
    with Path(address.turns).open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # given back when the file is closed, also by a crash
        yield
