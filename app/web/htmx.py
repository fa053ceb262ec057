"""What htmx asks and what it understands."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, request


def is_htmx() -> bool:
    """Does htmx want a fragment? A boosted link or a restored page of the history wants the whole page."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-Boosted") != "true"
        and headers.get("HX-History-Restore-Request") != "true"
    )


def current_path() -> str | None:
    """The path and query of the page that sent this request (without htmx: its Referer), if it is one of ours."""
    text = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    if parts.netloc != request.host or not parts.path.startswith("/"):
        return None
    return local_path(parts.path + (f"?{parts.query}" if parts.query else ""))


def local_path(text: str | None) -> str | None:
    """The text if it is a path of this site that a redirect may follow, else None.

    Browsers read `//host`, `/\\host` and a tab inside as another site; a login must lead to none.
    """
    if not text or len(text) > 2000 or not text.startswith("/") or text.startswith("//"):
        return None
    if "\\" in text or any(ord(char) <= 0x20 or ord(char) == 0x7F for char in text):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return None if parts.scheme or parts.netloc else text


def redirect(url: str, status: int = 200) -> Response:
    """Make htmx load another page."""
    return Response("", status=status, headers={"HX-Redirect": url})
