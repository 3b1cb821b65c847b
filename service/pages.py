"""The page, the API's documentation, and what a browser may do with them. Nothing comes from another host."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Flask, Response, send_from_directory

from ontology.errors import NotFoundError

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
SWAGGER = ("css/swagger-ui.css", "js/swagger-ui-bundle.js")
"""The files of Swagger UI that the documentation needs."""

pages = Blueprint("pages", __name__, static_folder="static", static_url_path="/static")


def register(app: Flask) -> None:
    """Add the pages, and the security headers of every answer."""
    app.register_blueprint(pages)

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.extend(HEADERS)
        if response.mimetype not in {"text/html", "text/css", "text/javascript", "image/svg+xml"}:
            response.headers["Cache-Control"] = "no-store"
        return response


@pages.get("/")
def index() -> Response:
    """The page."""
    return pages.send_static_file("index.html")


@pages.get("/docs")
def docs() -> Response:
    """The API's documentation."""
    return pages.send_static_file("docs.html")


@pages.get("/docs/<path:name>")
def swagger(name: str) -> Response:
    """A file of Swagger UI."""
    if name not in SWAGGER:
        raise NotFoundError(f"there is no file {name!r} in the documentation")
    return send_from_directory(_swagger_folder(), name)


@cache
def _swagger_folder() -> Path:
    """Where the installed Swagger UI is. Only its files are used: importing the package is not needed."""
    spec = find_spec("flask_openapi3_swagger")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("flask-openapi3-swagger is not installed", name="flask_openapi3_swagger")
    return Path(spec.origin).parent / "templates" / "swagger"
