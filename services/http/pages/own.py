"""What a form or a link may say of this site: paths of its own, and that a page of it sent the form."""

from urllib.parse import urlsplit

from starlette.requests import Request


def own_path(wanted: str | None) -> str:
    """A path of this site: ``wanted`` where it is one, else the first page."""
    if wanted is None or not wanted.startswith("/") or wanted.startswith(("//", "/\\")):
        return "/"
    return wanted if wanted.isprintable() and "\\" not in wanted else "/"


def is_own(request: Request) -> bool:
    """Whether a form was sent by a page of this site, as far as the browser says.

    By Fetch Metadata, and where a browser does not know these, by Origin. A program that sends neither has no cookie
    that another site could use.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower() != ""
    except ValueError:
        return False
