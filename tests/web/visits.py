"""What a person does with a browser: read the token out of a form, send it, sign in."""

import html
import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.cast import PASSWORD

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def token_of(page: TestResponse) -> str:
    """The CSRF token of the first form on the page."""
    found = TOKEN.search(page.text)
    assert found, f"no form on the page ({page.status})"
    return html.unescape(found[1])


def send(
    client: FlaskClient, path: str, data: dict[str, Any] | None = None, *, form: str | None = None, **options: Any
) -> TestResponse:
    """Post to `path` with the token of the page at `form` (any page of the same visit has a good one)."""
    token = token_of(client.get(form or "/login", follow_redirects=True))
    return client.post(path, data={"csrf_token": token, **(data or {})}, **options)


def sign_in(client: FlaskClient, login: str, password: str = PASSWORD, **options: Any) -> TestResponse:
    """Sign in by the page, as a person does."""
    return send(client, "/login", {"login": login, "password": password}, form="/login", **options)


def words_of(page: TestResponse) -> str:
    """The page's main part as a reader sees it, without tags."""
    main = page.text.partition("<main")[2].partition("</main>")[0] or page.text
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main)))
