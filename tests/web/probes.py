"""An application with routes that do one thing each, for tests of what stands between HTTP and the rules."""

from typing import Any

from flask import Blueprint, Flask, g, request
from flask.views import MethodView
from sqlalchemy import select, text
from wtforms import BooleanField, PasswordField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from app import create_app
from app.accounts.models import Department
from app.config import Environment, Settings
from app.errors import Conflict, Invalid, Locked, NeedsStepUp, NotAllowed, NotFound, TooMany
from app.extensions import db
from app.policy import Action
from app.web import afterwards
from app.web.access import public, requires, signed_in
from app.web.forms import Form, options
from app.web.headers import no_store
from app.web.transaction import done, show, tell, transactional
from app.words import N_, say
from tests.databases import Database, hasten

SECRET = "q7Hn2vXc9LpT4sWd8RbK3mZy6GfJ1aQe"
FAULTS: dict[str, Any] = {
    "not_allowed": lambda: NotAllowed(),
    "not_found": lambda: NotFound(),
    "conflict": lambda: Conflict(say("王芳刚刚改过。"), extra={"status": "closed", "moved_at": g.now}),
    "invalid": lambda: Invalid(say("还缺一项。"), fields={"solution": [say("请填写方案。")]}),
    "too_many": lambda: TooMany(say("太频繁了。"), retry_after=90),
    "step_up": lambda: NeedsStepUp(),
    "locked": lambda: Locked(),
    "bug": lambda: RuntimeError("customer 13812345678"),
    "overflow": lambda: OverflowError("Python int too large"),
}


class ProbeForm(Form):
    answers = "probe.write"

    title = StringField(N_("标题"), [DataRequired(), Length(max=20)])
    body = TextAreaField(N_("内容"), [Length(max=10_000)])
    kind = SelectField(N_("类型"), choices=options(("a", N_("客服专员")), ("b", N_("专家"))), default="a")
    axis = RadioField(N_("影响"), choices=options((1, N_("低")), (2, N_("高"))), default="1")
    urgent = BooleanField(N_("紧急"))
    password = PasswordField(N_("密码"))


class NoteForm(Form):
    body = TextAreaField(N_("备注"), [DataRequired()])


class ReplyForm(Form):
    body = TextAreaField(N_("回复"), [DataRequired()])
    channel = SelectField(N_("渠道"), choices=options(("phone", N_("电话"))))


PAGE = """{% extends "layouts/plain.html" %}{% import "shared/forms.html" as f %}{% block title %}探针{% endblock %}
{% block content %}<form class="form" method="post" action="/probe">{{ f.csrf() }}{{ f.form_errors(form) }}
{{ f.field(form.title) }}{{ f.field(form.body) }}{{ f.field(form.kind) }}{{ f.field(form.axis) }}
{{ f.field(form.urgent) }}{{ f.field(form.password) }}</form>{% endblock %}"""


def make_blueprint() -> Blueprint:  # noqa: C901 - a list of routes
    bp = Blueprint("probe", __name__)

    @bp.get("/probe")
    @signed_in
    def form() -> Any:
        return show("probe.html", form=ProbeForm())

    @bp.post("/probe")
    @signed_in
    @transactional
    def write() -> Any:
        form = ProbeForm()
        if not form.validate_on_submit():
            db.session.add(Department(code="never", name="never"))
            db.session.flush()
            return show("probe.html", None, 422, form=form)
        department = Department(code=form.title.data, name=form.body.data or "x")
        db.session.add(department)
        db.session.flush()
        tell(say("已保存。"))
        return done("probe_done.html", otherwise="/probe", count=lambda: departments())

    @bp.post("/probe/fail/<kind>")
    @signed_in
    @transactional
    def fail(kind: str) -> Any:
        db.session.add(Department(code="never", name="never"))
        db.session.flush()
        afterwards.leave(lambda session: session.add(Department(code="after", name="after")))
        raise FAULTS[kind]()

    @bp.get("/probe/fail/<kind>")
    @signed_in
    def fail_reading(kind: str) -> Any:
        raise FAULTS[kind]()

    @bp.get("/probe/careless")
    @signed_in
    def careless() -> Any:
        db.session.add(Department(code="never", name="never"))
        db.session.flush()
        return "written"

    @bp.get("/probe/undeclared")
    def undeclared() -> Any:
        return "secret"

    @bp.get("/probe/admin")
    @requires(Action.USERS_ADMIN)
    def admin() -> Any:
        return "admin"

    @bp.get("/probe/either")
    @requires(Action.USERS_ADMIN, Action.FOLLOW_UP)
    def either() -> Any:
        return "either"

    @bp.post("/probe/sensitive")
    @requires(Action.SIGN_IN, step_up=True)
    def sensitive() -> Any:
        return "done"

    @bp.get("/probe/open")
    @public
    def open_() -> Any:
        return "open"

    @bp.get("/probe/secret")
    @signed_in
    def revealed() -> Any:
        no_store()
        return "13812345678"

    @bp.get("/probe/<int:number>")
    @public
    def number(number: int) -> Any:
        found = db.session.scalar(select(Department.id).where(Department.id == number))
        return str(found)

    @bp.get("/probe/text")
    @public
    def ask() -> Any:
        code = request.args.get("code", "")
        return str(db.session.scalar(select(Department.name).where(Department.code == code)))

    @bp.get("/probe/sql")
    @public
    def broken_sql() -> Any:
        return str(
            db.session.execute(text("SELECT nothing FROM nowhere WHERE phone = :phone"), {"phone": "13812345678"})
        )

    @bp.get("/probe/address")
    @public
    def address() -> Any:
        return f"{request.remote_addr} {request.scheme} {request.host}"

    @bp.get("/api/v1/probe/fail/<kind>")
    @signed_in
    def api_fail(kind: str) -> Any:
        raise FAULTS[kind]()

    @bp.post("/api/v1/probe/echo")
    @signed_in
    def echo() -> Any:
        return {"actor": g.actor.login, "got": request.get_json()}

    class Things(MethodView):
        @requires(Action.USERS_ADMIN)
        def get(self) -> Any:
            return {"things": []}

        def post(self) -> Any:
            return {"created": True}

    bp.add_url_rule("/api/v1/probe/things", view_func=Things.as_view("things"))
    return bp


def departments() -> int:
    """How many are committed by now."""
    return len(list(db.session.scalars(select(Department.id).where(Department.code.not_in(["service"])))))


_made: dict[str, Flask] = {}


def probe_app(database: Database, **changed: Any) -> Flask:
    """The application on this database with the probes; one for each set of settings and run."""
    key = f"{database.url} {sorted(changed.items())}"
    if key not in _made:
        given = {"base_url": "http://localhost", "data_dir": database.folder} | changed
        settings = Settings(env=Environment.TEST, database_url=database.url, secret_key=SECRET, **given)
        app = create_app(settings, rings=database.rings)
        app.config["PROPAGATE_EXCEPTIONS"] = False
        app.jinja_env.loader = _with_probe_pages(app)
        app.register_blueprint(make_blueprint())
        with app.app_context():
            hasten(db.engine)
        _made[key] = app
    return _made[key]


def _with_probe_pages(app: Flask) -> Any:
    from jinja2 import ChoiceLoader, DictLoader

    pages = {"probe.html": PAGE, "probe_done.html": '<p id="done">{{ count }}</p>'}
    return ChoiceLoader([DictLoader(pages), app.jinja_env.loader or DictLoader({})])
