"""Typed text is never lost: what was sent with an expired session, or refused, comes back to its author."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import flash, g, request
from flask import session as cookie
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.accounts import drafts
from app.extensions import db
from app.orm import new_uid
from app.web import afterwards, htmx
from app.web.forms import Kept
from app.web.languages import translate
from app.words import say

PARAMETER = "draft"
NEVER_KEPT = ("password", "again", "current", "token", "secret", "signature", "csrf")
CODES_ARE_SECRET_IN = {"auth", "me"}  # elsewhere a code names a category or a product
UNTYPED = ("seen", "version", "once", "kind")  # the form's own; alone they are no reason to keep anything
MOST_CHARACTERS = 100_000
COOKIE = "drafts"  # slot → uid of what came back, so that a successful save can clear it away


def typed_fields() -> dict[str, list[str]]:
    """What the request's form holds, without secrets and files."""
    kept, size = {}, 0
    for name, values in request.form.lists():
        if is_secret(name) or name == "next":
            continue
        size += len(name) + sum(len(value) for value in values)
        if size > MOST_CHARACTERS:
            break
        kept[name] = values
    return kept


def slot() -> str:
    """Which form about which object: the endpoint and its arguments."""
    arguments = ",".join(f"{name}={value}" for name, value in sorted((request.view_args or {}).items()))
    return f"{request.endpoint}:{arguments}"[:200]


def keep_request(user_id: int) -> str | None:
    """Keep the form of this request for its author. The address that brings it back; None when nothing was typed."""
    fields = typed_fields()
    if (
        request.method != "POST"
        or not request.endpoint
        or not any(value.strip() for name, v in fields.items() if name not in UNTYPED for value in v)
    ):
        return None
    uid, where, now = new_uid(), slot(), g.now
    form_path = htmx.current_path()
    afterwards.leave(_keeping(user_id, uid, where, form_path or "", fields, now))
    return with_draft(form_path, uid) if form_path else f"/me/drafts/{uid}"


def _keeping(
    user_id: int, uid: str, where: str, path: str, fields: dict[str, list[str]], now: datetime
) -> Callable[[Session], object]:
    return lambda session: drafts.keep(session, user_id, uid=uid, slot=where, path=path, fields=fields, now=now)


def with_draft(path: str, uid: str) -> str:
    """The page's address, asking for the draft."""
    parts = urlsplit(path)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != PARAMETER]
    return f"{parts.path}?{urlencode([*query, (PARAMETER, uid)])}"


def restore() -> None:
    """Put the draft that the address names before the forms of this page (Form.Meta.wrap_formdata)."""
    uid = request.args.get(PARAMETER, "")
    if request.method != "GET" or len(uid) != 32 or g.actor is None:
        return
    session = db.session()
    draft = drafts.find(session, uid, user_id=g.actor.id, now=g.now)
    if draft is None or not (fields := drafts.fields_of(session, draft)):
        return
    g.restored_form = Kept(
        draft.slot.split(":")[0], MultiDict([(n, v) for n, values in fields.items() for v in values])
    )
    cookie[COOKIE] = {**cookie.get(COOKIE, {}), draft.slot: uid}
    if not request.endpoint or not request.endpoint.startswith("me."):
        flash(translate(say("之前填写的内容已经恢复，请核对后再提交。附件和密码需要重新填写。")), "warn")


def forget_saved() -> None:
    """After a save: the draft that came back into this form is no longer needed."""
    kept = cookie.get(COOKIE)
    if not kept or g.actor is None or (where := slot()) not in kept:
        return
    uid, owner = kept[where], g.actor.id
    cookie[COOKIE] = {name: value for name, value in kept.items() if name != where}
    afterwards.leave(lambda session: drafts.drop(session, uid, user_id=owner))


def is_secret(name: str) -> bool:
    """Is this a field whose content must not even lie sealed: a password, a code of the second factor, a token?"""
    words = NEVER_KEPT + (("code",) if request.blueprint in CODES_ARE_SECRET_IN else ())
    return any(word in name.casefold() for word in words)
