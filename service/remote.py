"""A service that runs elsewhere, asked as any of its clients asks it."""

from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import orjson

from ontology.errors import InputError, NotReadyError, StoreError
from retrieval.answer import Query

TIMEOUT_S = 30
"""As long as a proxy commonly waits for an answer."""


@dataclass(frozen=True)
class Service:
    """The REST API at an address; every answer has to come from the bundle of this version."""

    url: str
    secure: bool
    host: str
    port: int | None
    path: str
    version: str

    @classmethod
    def at(cls, url: str, version: str) -> "Service":
        """The service at an http or https address. Raises InputError."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host or parts.scheme not in ("http", "https"):
            raise InputError(f"{url!r} is no address of a service; write it as http://127.0.0.1:8080")
        return cls(url, parts.scheme == "https", host, port, parts.path.rstrip("/"), version)

    def recommend(self, query: Query) -> list[str]:
        """The keys of the recommended items, best first, for a history.

        Raises NotReadyError where no service answers, InputError where another one does or it refuses, StoreError
        where its answer lacks something.
        """
        body = {
            "history": query.history,
            "seen": query.seen,
            "exclude": query.exclude,
            "n": query.n,
            "explain": query.explain,
            "filter": query.filter,
        }
        answer = self._answer(*self._post("/v1/recommendations", body))
        try:
            version, missing = answer["model"]["version"], answer["degraded"]
            found = [str(item["id"]) for item in answer["items"]]
        except (KeyError, TypeError) as error:
            raise self._stranger("its answer has no recommendations") from error
        if version != self.version:
            raise InputError(
                f"the service at {self.url} answers from bundle {version}, and this workspace has {self.version}: "
                "set KG_HOME to the workspace that it serves"
            )
        if missing:
            raise StoreError(f"the service at {self.url} answered without {', '.join(missing)}: see its log")
        return found

    def _post(self, path: str, body: object) -> tuple[int, bytes]:
        """The status and the body of the answer. Each is asked over a new connection: any worker may answer."""
        kind = HTTPSConnection if self.secure else HTTPConnection
        connection = kind(self.host, self.port, timeout=TIMEOUT_S)
        try:
            connection.request("POST", self.path + path, orjson.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, HTTPException, UnicodeError) as error:
            reason = str(error) or type(error).__name__
            raise NotReadyError(
                f"no service answers at {self.url} ({reason}): start it with `kg serve`, or name another address"
            ) from error
        finally:
            connection.close()

    def _answer(self, status: int, text: bytes) -> Any:
        try:
            answer = orjson.loads(text)
        except ValueError as error:
            raise self._stranger(f"it answered {status}, without JSON") from error
        if status == 200:
            return answer
        if not isinstance(answer, dict) or "detail" not in answer:
            raise self._stranger(f"it answered {status}")
        kind = NotReadyError if status >= 500 else InputError
        parts = [f"{part.get('pointer', '')} {part['detail']}".strip() for part in answer.get("errors", ())]
        raise kind(f"the service at {self.url} refused: {'; '.join(parts) or answer['detail']}")

    def _stranger(self, why: str) -> InputError:
        return InputError(f"what is at {self.url} is no service of kgrec ({why}); name the address of `kg serve`")
