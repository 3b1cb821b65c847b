"""The application over a real bundle, in this process and as real server processes."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kg.workspace import Workspace
from service.app import create_app
from service.settings import Settings
from tests.servers import Server, start


@pytest.fixture
def app(workspace: Workspace) -> Flask:
    return create_app(Settings(home=workspace.root, max_body=100_000))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def users(client: FlaskClient) -> list[str]:
    """Users with a history."""
    return client.get("/v1/users?n=5").json["users"]


@pytest.fixture
def items(client: FlaskClient) -> list[str]:
    """Ids of items."""
    return [item["id"] for item in client.get("/v1/items?n=20").json["items"]]


@pytest.fixture
def server(workspace: Workspace) -> Iterator[Server]:
    """Two workers on loopback."""
    server = start(workspace.root, workers=2)
    yield server
    if server.process.poll() is None:
        assert server.stop() == 0
