"""`kg serve`."""

import click

from service import console, server
from service.settings import Settings


@click.command()
@click.option("--host", help="Address to listen on [default: KG_HOST, or 127.0.0.1].")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on [default: KG_PORT, or 8080].")
@click.option("--workers", type=click.IntRange(1, 256), help="Worker processes [default: KG_WORKERS, or 2].")
def command(**options: str | int | None) -> None:
    """Serve the REST API and the page, until Ctrl-C. Every setting is also an environment variable."""
    given = {name: value for name, value in options.items() if value is not None}
    settings = Settings.from_env().model_copy(update=given)
    server.serve(settings, lambda: console.serving(settings.host, settings.port))
