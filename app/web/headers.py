"""What the browser may do with an answer, and which requests are refused before they reach a view."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from app.config import Settings
from app.web.assets import htmx_cdn_url

YEAR = 365 * 86400
MOST_FORM_BYTES = 2 * 1024 * 1024
MOST_FORM_PARTS = 1000
FILES_A_MESSAGE = 10

_csrf = CSRFProtect()


def no_store() -> None:
    """This answer shows what must not lie in a cache (a revealed value, a secret shown once)."""
    g.no_store = True


def _policy(app: Flask, settings: Settings) -> str:
    """Everything is forbidden that the pages don't need; nothing inline, nothing from elsewhere but htmx's CDN."""
    cdn = ""
    if settings.assets == "cdn":
        with app.app_context():
            parts = urlsplit(htmx_cdn_url())
        cdn = f" {parts.scheme}://{parts.netloc}"
    rules = (
        "default-src 'none'",
        f"script-src 'self'{cdn}",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        f"connect-src 'self'{cdn}",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
    return "; ".join(rules)


def install(app: Flask, settings: Settings) -> None:
    """Cookies, limits, request checks and answer headers."""
    app.config.update(
        SESSION_COOKIE_NAME="__Host-bihuan" if settings.secure else "bihuan",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        MAX_CONTENT_LENGTH=(settings.max_upload_mb * FILES_A_MESSAGE + 2) * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=MOST_FORM_BYTES,
        MAX_FORM_PARTS=MOST_FORM_PARTS,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session; an hour would lose what is typed on the phone
        WTF_CSRF_CHECK_DEFAULT=False,  # checked below, after the request's origin and not for bearer tokens
        WTF_CSRF_SSL_STRICT=False,  # Origin and Sec-Fetch-Site say the same, and are sent without a Referer too
    )
    _csrf.init_app(app)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    fixed = _fixed(_policy(app, settings), settings)
    app.before_request(_protect)

    @app.after_request
    def dress(response: Response) -> Response:
        for name, value in fixed.items():
            response.headers.setdefault(name, value)
        if request.endpoint != "static":
            _cache(response)
        elif "v" in request.args and response.status_code in (200, 304):
            response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"  # the address names the content
        return response


def _fixed(policy: str, settings: Settings) -> dict[str, str]:
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    if settings.secure:
        headers["Strict-Transport-Security"] = f"max-age={YEAR}"
    return headers


def is_secure() -> bool:
    """Are cookies for HTTPS only?"""
    return bool(current_app.config["SESSION_COOKIE_SECURE"])


def is_api() -> bool:
    """Does a program ask? Only its bearer token counts then, so there is nothing that another site could borrow."""
    return request.path.startswith("/api/")


def _protect() -> None:
    """Refuse what another site makes a browser send. Raises CSRFError."""
    if request.method in ("GET", "HEAD", "OPTIONS", "TRACE") or is_api():
        return
    if not _same_site():
        g.foreign = True
        raise CSRFError("foreign origin")
    _csrf.protect()


def _same_site() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def _cache(response: Response) -> None:
    """Pages may be kept but must be asked for again; what was revealed or posted may not be kept at all."""
    secret = g.get("no_store") or request.method not in ("GET", "HEAD") or response.status_code >= 400
    if "Cache-Control" not in response.headers or g.get("no_store"):
        response.headers["Cache-Control"] = "no-store" if secret else "private, no-cache"
    response.vary.update(("HX-Request", "Cookie", "Accept-Language"))
    if not secret and response.status_code == 200 and not response.is_streamed and not response.direct_passthrough:
        response.add_etag(weak=True)
        response.make_conditional(request)
