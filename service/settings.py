"""What can be set for the service, each from one environment variable."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kg.workspace import Workspace
from ontology.errors import InputError


class Settings(BaseModel):
    """The settings of `kg serve`. A field is read from KG_ and its name in capitals.

    A variable that is not set, or empty, leaves the default.

    The graph store's address and password are read where it is opened (`kg.store.connect`), never kept here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    home: Path = Path(".kg")
    """The workspace: journal, models and the embedded graph."""
    host: str = "127.0.0.1"
    """The address to listen on. The API has no keys yet: leave it on loopback, or put a proxy in front."""
    port: int = Field(8080, ge=1, le=65535)
    """The port to listen on."""
    workers: int = Field(2, ge=1, le=256)
    """Worker processes; they share the bundle's memory."""
    threads: int = Field(4, ge=1, le=256)
    """Requests that a worker answers at once."""
    max_body: int = Field(1 << 20, ge=1024)
    """The largest request body in bytes; what is uploaded for loading has a limit of its own."""
    upload_mib: int = Field(64, ge=1, le=1 << 20)
    """The most that one request to load files may upload, in MiB."""
    allow_writes: bool = False
    """1: whoever reaches the API may change items and load files. 0: only programs on this machine, on loopback."""
    drain_every: float = Field(5.0, gt=0)
    """Seconds between two looks for events and edits that the graph store does not have yet."""

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> "Settings":
        """Read the environment. Raises InputError that names the variable."""
        given = {name: env[variable(name)] for name in cls.model_fields if env.get(variable(name))}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            name = variable(str(first["loc"][0]))
            raise InputError(f"{name} is {first['input']!r}: {first['msg']}") from error

    @property
    def workspace(self) -> Workspace:
        """The workspace at `home`."""
        return Workspace(self.home.resolve())


def variable(field: str) -> str:
    """The environment variable that a setting is read from."""
    return f"KG_{field.upper()}"
