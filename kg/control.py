"""Stops a query of the embedded database that takes too long.

That database ignores the time limit a driver sets. Its control address, on loopback like all of it, lists what runs
with its text, and ends it; so the text carries a mark.
"""

import base64
import json
import logging
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any
from uuid import uuid4

from kg.address import GraphAddress, Login

log = logging.getLogger(__name__)
AGAIN_S = 0.1
"""After so long it is told once more: it may have been between two parts of its answer."""
REPLY_S = 5.0
LISTED = 400
"""Longer texts are marked at their beginning: it lists the first 1,024 UTF-16 units of each."""
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Whatever proxy the environment names, it has no business between us and our child."""


@dataclass
class Watched:
    """A query under a time limit; `expired` says that it was stopped. Elsewhere than on that database: nothing."""

    address: GraphAddress
    expired: bool = False
    _mark: str = field(default_factory=lambda: f"/* {uuid4().hex} */")

    def marked(self, text: str) -> str:
        """The text as it is to be sent. The mark goes to the end, where it moves no place that an error names."""
        if self.address.control is None:
            return text
        return f"{text}\n{self._mark}" if len(text) < LISTED else f"{self._mark} {text}"

    @contextmanager
    def limited(self, timeout_s: float) -> Iterator[None]:
        """Stop the query once the time is over."""
        if self.address.control is None:
            yield
            return
        done = Event()
        watcher = Thread(target=self._watch, args=(self.address.control, done, timeout_s), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def _watch(self, control: str, done: Event, timeout_s: float) -> None:
        wait = timeout_s
        while not done.wait(wait):
            wait = AGAIN_S
            self.expired = True
            try:
                for query in _ask(control, self.address.login, "list queries"):
                    if self._mark in query["text"]:
                        _ask(control, self.address.login, f"terminate query {query['id']}")
            except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
                # The query may have ended in between, or the database is gone, which its connection tells as well.
                log.debug("a query could not be stopped: %s", error)


def _ask(control: str, login: Login, command: str) -> Any:
    body = json.dumps({"command": command}).encode()
    return json.loads(post(f"{control}/api/v1/server", login, body, timeout_s=REPLY_S))["result"]


def post(
    url: str, login: Login, body: bytes | Iterator[bytes], *, kind: str = "application/json", timeout_s: float
) -> bytes:
    """Send a request to the control address, in parts if the body comes in parts, and give its answer.

    Raises what urllib raises.
    """
    basic = base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
    headers = {"Content-Type": kind, "Authorization": f"Basic {basic}"}
    if not isinstance(body, bytes):
        headers["Transfer-Encoding"] = "chunked"
    request = urllib.request.Request(url, body, headers)  # noqa: S310 always http, by us
    with _direct.open(request, timeout=timeout_s) as response:
        answer: bytes = response.read()
        return answer
