"""The Flask application."""

from typing import Any

from flask import Flask

from service import ingest_api, metrics, pages, problems
from service.engine import EXTENSION, Engine
from service.openapi import document
from service.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """A worker's application, with its bundle open and warm; settings come from the environment when not given.

    Raises StoreError when the journal cannot be opened. Without a bundle it starts, and says what is missing.
    """
    settings = settings or Settings.from_env()
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body
    app.url_map.merge_slashes = False  # a key may be an IRI
    app.extensions[EXTENSION] = Engine(settings)
    problems.register(app)
    metrics.register(app)
    app.register_blueprint(ingest_api.api.blueprint)
    pages.register(app)
    return app


def openapi() -> dict[str, Any]:
    """The OpenAPI document, without an application."""
    return document(ingest_api.api.operations)
