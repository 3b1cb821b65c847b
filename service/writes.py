"""Who may change things, as long as the API has no keys: this machine, or whoever the operator lets in."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Request

from service.problems import ForbiddenError
from service.settings import Settings

FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
"""What a proxy adds: then who asks is not on this machine, though the connection is."""
OURS = {"same-origin", "none"}
"""What `Sec-Fetch-Site` says of a page of ours, and of what a person typed."""


def check_write(request: Request, settings: Settings) -> None:
    """Raise ForbiddenError unless the request may change things.

    A page of another site is refused always: its user did not ask for this, and a form needs no permission to be sent.
    """
    if _from_another_site(request):
        raise ForbiddenError("a page of another site asked for this; only pages of this service and programs may")
    if settings.allow_writes:
        return
    if not _loopback(settings.host):
        raise ForbiddenError(
            f"the service listens on {settings.host} and has no keys yet, so it changes nothing; KG_ALLOW_WRITES=1 lets"
            " everybody who reaches it change items and load files, KG_HOST=127.0.0.1 only this machine"
        )
    if any(name in request.headers for name in FORWARDED) or not _loopback(_host(request.host)):
        raise ForbiddenError(
            "this request came through a proxy or under another name than that of this machine;"
            " KG_ALLOW_WRITES=1 lets everybody who reaches the service change items and load files"
        )


def _from_another_site(request: Request) -> bool:
    if site := request.headers.get("Sec-Fetch-Site"):
        return site not in OURS
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.host


def _host(netloc: str) -> str:
    """The name in a Host header, without its port; a page that pretends to be at home has another one there."""
    return urlsplit(f"//{netloc}").hostname or ""


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
