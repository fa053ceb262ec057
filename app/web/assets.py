"""Static files as pages name them: fingerprinted addresses, and where htmx comes from.

A CDN can fail or hang, so the page carries both addresses and one hash: the loader takes whichever
arrives, and the hash of the vendored file holds for both because they are the same file.
"""

import base64
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TypedDict

from flask import Flask, current_app, request, url_for

HTMX_VERSION = "2.0.11"
HTMX_CDN_URL = "https://cdn.jsdelivr.net/npm/htmx.org@VERSION/dist/htmx.min.js"
VENDORED_HTMX = f"vendor/htmx-{HTMX_VERSION}.min.js"
STATIC_ROOT = Path(__file__).resolve().parent.parent / "static"


class HtmxMeta(TypedDict):
    """What the loader reads from `<meta name="htmx-loader">`."""

    mode: str
    cdn: str
    local: str
    integrity: str


@lru_cache(maxsize=512)
def _fingerprint(path: str, mtime_ns: int) -> str:
    """Ten hex digits of the content; `mtime_ns` only makes an edited file miss the cache."""
    return hashlib.sha256((STATIC_ROOT / path).read_bytes()).hexdigest()[:10]


def fingerprint(path: str) -> str:
    """The content hash in the address of a static file. FileNotFoundError: a page names a file that is not there."""
    return _fingerprint(path, (STATIC_ROOT / path).stat().st_mtime_ns)


def asset(path: str) -> str:
    """Address of a static file that changes whenever its content does, so that it may be cached for ever.

    A list page draws a hundred icons from one sprite: outside debug mode each address is worked out once.
    """
    known: dict[tuple[str, str], str] = current_app.extensions.setdefault("asset_urls", {})
    key = (request.script_root, path)
    url = known.get(key)
    if url is None or current_app.debug:
        url = known[key] = url_for("static", filename=path, v=fingerprint(path))
    return url


@lru_cache(maxsize=1)
def htmx_sri() -> str:
    """Integrity value of htmx, computed from the vendored file and never copied by hand."""
    digest = hashlib.sha384((STATIC_ROOT / VENDORED_HTMX).read_bytes()).digest()
    return "sha384-" + base64.b64encode(digest).decode("ascii")


def htmx_cdn_url() -> str:
    """Where htmx is fetched from first; `VERSION` in the setting stands for the pinned version."""
    configured: str = current_app.config.get("HTMX_CDN_URL") or HTMX_CDN_URL
    return configured.replace("VERSION", HTMX_VERSION)


def htmx_meta() -> HtmxMeta:
    """The loader's configuration. With `ASSETS=local` nothing is fetched from outside."""
    mode = "local" if current_app.config.get("ASSETS") == "local" else "cdn"
    return {"mode": mode, "cdn": htmx_cdn_url(), "local": asset(VENDORED_HTMX), "integrity": htmx_sri()}


def install(app: Flask) -> None:
    """Give templates `asset` and `htmx_meta`, as globals because imported macros see nothing else."""
    app.jinja_env.globals.update(asset=asset, htmx_meta=htmx_meta)
