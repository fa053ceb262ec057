"""Being away: deputies, and the texts that wait for their author."""

from __future__ import annotations

from datetime import timedelta

from flask import g, url_for

from app.accounts import deputies, drafts, queries
from app.accounts.models import Deputyship
from app.blueprints.me import bp
from app.blueprints.me.forms import DeputyForm
from app.errors import Invalid, NotFound
from app.extensions import db
from app.web import headers, languages
from app.web.access import signed_in
from app.web.drafts import with_draft
from app.web.forms import options
from app.web.transaction import Answer, Page, done, show, tell, transactional
from app.words import say


@bp.get("/deputies")
@signed_in
def deputy_list() -> Answer:
    return _deputies_page(_deputy_form(), 200)


def _deputy_form() -> DeputyForm:
    form = DeputyForm()
    others = [user for user in queries.people(db.session()) if user.id != g.actor.id]
    form.deputy.choices = options(("", languages.translate(say("请选择"))), *((user.id, user.name) for user in others))
    return form


def _deputies_page(form: DeputyForm, status: int) -> Page:
    rows = queries.deputyships(db.session(), g.actor.id, g.now)
    people = queries.people_by_id(db.session(), [i for row in rows for i in (row.user_id, row.deputy_id)])
    mine = [(row, people[row.deputy_id]) for row in rows if row.user_id == g.actor.id]
    others = [(row, people[row.user_id]) for row in rows if row.deputy_id == g.actor.id]
    # The last day is included, the row ends with the midnight after it.
    return show("me/deputies.html", None, status, form=form, mine=mine, others=others, blink=timedelta(seconds=1))


@bp.post("/deputies")
@signed_in
@transactional
def appoint_deputy() -> Answer:
    form = _deputy_form()
    if form.validate():
        try:
            deputies.appoint(db.session(), g.actor.id, int(form.deputy.data), *form.period(), by=g.actor, now=g.now)
            tell(say("已安排代理。代理期间，您的工单和待办也会到代理人那里。"))
            return done(None, otherwise=url_for("me.deputy_list"))
        except Invalid as wrong:
            form.take(wrong)
    return _deputies_page(form, 422)


@bp.post("/deputies/<int:row_id>/end")
@signed_in
@transactional
def end_deputy(row_id: int) -> Answer:
    row = db.session.get(Deputyship, row_id)
    if row is None or row.user_id != g.actor.id:
        raise NotFound
    deputies.take_back(db.session(), row, by=g.actor, now=g.now)
    tell(say("已收回代理。"))
    return done(None, otherwise=url_for("me.deputy_list"))


# --- kept texts ---


@bp.get("/drafts")
@signed_in
def draft_list() -> Answer:
    return show("me/drafts.html", drafts=drafts.of_person(db.session(), g.actor.id, g.now))


@bp.get("/drafts/<uid>")
@signed_in
def draft(uid: str) -> Answer:
    found = drafts.find(db.session(), uid, user_id=g.actor.id, now=g.now)
    if found is None:
        raise NotFound(say("这份内容已经不在了：保存成功后会自动清除，最多保留 7 天。"))
    headers.no_store()
    typed = [text for values in drafts.fields_of(db.session(), found).values() for text in values if text.strip()]
    back = with_draft(found.path, uid) if found.path else None
    return show("me/draft.html", draft=found, typed=typed, back=back)


@bp.post("/drafts/<uid>/deletion")
@signed_in
@transactional
def delete_draft(uid: str) -> Answer:
    drafts.drop(db.session(), uid, user_id=g.actor.id)
    tell(say("已删除。"))
    return done(None, otherwise=url_for("me.draft_list"))
