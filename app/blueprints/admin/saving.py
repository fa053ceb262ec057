"""One way for all forms of the administration: act, or show the page again with what was typed and what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.blueprints.admin.forms import EditForm
from app.errors import Conflict, Invalid
from app.extensions import db
from app.web.forms import Form
from app.web.languages import translate
from app.web.transaction import Answer, done, show, tell
from app.words import Sentence, say

Compare = list[tuple[str, str, str]]
OVERTAKEN = say("您打开页面之后，别人已经改过这里。您的修改没有保存；请核对两边的内容后再保存一次。")


def save(
    form: Form,
    act: Callable[[], object],
    template: str,
    *,
    said: Sentence,
    otherwise: str | Callable[[], str],
    theirs: Callable[[], tuple[int, Mapping[str, Any]]] | None = None,
    **context: Any,
) -> Answer:
    """Validate and `act`, then 303 to `otherwise`. Else `template` again: 422 with errors beside their fields, 409 with
    the refusal at the head.

    `theirs` gives the stored version and values: when somebody else saved meanwhile, both texts stand side by side and
    the next try is made on the stored version. The context is drawn after the rollback, so rows in it are functions.
    """
    if not form.validate_on_submit():
        return show(template, status=422, form=form, **context)
    try:
        with db.session.begin_nested():  # a refusal leaves nothing half done behind, also in what is compared below
            act()
    except Invalid as wrong:
        form.take(wrong)
        return show(template, status=422, form=form, **context)
    except Conflict as clash:
        compare = _overtaken(form, theirs) if theirs is not None and isinstance(form, EditForm) else None
        form.form_errors.append(translate(clash.sentence if compare is None else OVERTAKEN))
        return show(template, status=409, form=form, compare=compare, **context)
    tell(said)
    return done(None, otherwise=otherwise if isinstance(otherwise, str) else otherwise())


def press(act: Callable[[], object], *, said: Sentence | None, otherwise: str) -> Answer:
    """What a single button does. A refusal is said on the page that the button stands on: nothing was typed that would
    have to come back."""
    try:
        with db.session.begin_nested():
            act()
    except Conflict as clash:
        tell(clash.sentence, kind="bad")
    else:
        if said is not None:
            tell(said)
    return done(None, otherwise=otherwise)


def _overtaken(form: EditForm, theirs: Callable[[], tuple[int, Mapping[str, Any]]]) -> Compare | None:
    version, values = theirs()
    if version == form.seen:
        return None
    form.version.data = str(version)
    rows = [(name, in_words(form[name], form[name].data), in_words(form[name], values[name])) for name in values]
    return [(form[name].label.text, mine, stored) for name, mine, stored in rows if mine != stored]


def in_words(field: Any, value: Any) -> str:
    """A field's value as a person reads it."""
    if isinstance(value, bool):
        return translate(say("是") if value else say("否"))
    if isinstance(value, list | tuple):
        return translate(say("、")).join(in_words(field, one) for one in value) or "—"
    choices = {str(code): str(text) for code, text, *_ in getattr(field, "choices", None) or []}
    text = "" if value is None else str(value)
    return choices.get(text, text) or "—"
