"""Refusals and faults become answers here and nowhere else: a page, a note for htmx, a problem for programs."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Flask, Response, g, make_response, redirect, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, SQLAlchemyError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response as BaseResponse

from app.errors import Conflict, DeskError, Invalid, Locked, NeedsStepUp, NotAllowed, NotFound, TooMany
from app.extensions import db
from app.web import access, drafts, htmx
from app.web.api.problems import problem, shape_problem
from app.web.headers import is_api
from app.web.languages import translate
from app.words import Sentence, say

log = logging.getLogger(__name__)

STATUSES: Mapping[type[DeskError], int] = {
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    Invalid: 422,
    TooMany: 429,
    NeedsStepUp: 403,
    Locked: 503,
}
# Members that RFC 9457 has taken for itself; a conflict's `status` is the ticket's, not the answer's.
RENAMED = {name: f"current_{name}" for name in ("type", "title", "status", "detail", "instance")}
TEMPLATES = {403, 404, 409, 413, 422, 429, 500}

# Two people did the same thing in the same moment, and the database noticed. One sentence for each constraint that a
# person can run into; anything else gets the general one.
CONSTRAINTS: dict[str, Sentence] = {
    "uq_user_login": say("这个账号已经有人使用。没有保存；请换一个账号。"),
    "uq_department_code": say("这个部门代码已经使用。没有保存；请换一个代码。"),
    "uq_department_name": say("已经有同名的部门。没有保存；请换一个名称。"),
    "pk_user_role": say("这个角色刚刚已经授予。请刷新后查看。"),
    "uq_ticket_once": say("这张单子刚刚已经登记过。没有重复登记；请到工单列表查看。"),
    "uq_follow_up_cycle_id": say("这一轮处理刚刚已经标记为解决，回访也已生成。没有重复保存；请刷新查看。"),
    "uq_cycle_ticket_id_n": say("这张工单刚刚已经被别人重开。没有重复保存；请刷新查看。"),
    "uq_ticket_merge_current": say("这张工单刚刚已经合并。没有重复保存；请刷新查看。"),
    "uq_category_code": say("这个分类代码已经使用。没有保存；请换一个代码。"),
    "uq_product_code": say("这个产品代码已经使用。没有保存；请换一个代码。"),
    "uq_sla_policy_code": say("这个时限规则代码已经使用。没有保存；请换一个代码。"),
}
RACE = say("同一时刻有人改动了同一处内容，这一步没有保存。请刷新看过最新内容后再试。")
BUSY = say("系统正忙，这一步没有保存。请稍等片刻再试。")
AWAY = say("数据库暂时连不上，这一步没有保存。请稍后再试；一直不行时请通知系统管理员。")
UNFIT = say("内容里有数据库存不下的字符或数值，没有保存。请检查后重新提交。")
STALE_FORM = say("页面打开太久，或者您在别的窗口重新登录过，这次提交没有执行。请刷新页面后再提交。")
FOREIGN = say("这个请求来自别的网站，没有执行。请从本系统的页面操作。")
JUNK = say("地址或内容里有无法识别的字符，没有执行。请检查后重新操作。")
KEPT = say("已填写的内容替您保留着（附件除外），打开下面的链接就能继续。")

BY_STATUS: Mapping[int, Sentence] = {
    400: JUNK,
    401: say("需要先登录。API 请在 Authorization 里带上有效的令牌。"),
    403: NotAllowed().sentence,
    404: NotFound().sentence,
    405: say("这个地址不支持这种操作。请从页面上的按钮操作。"),
    406: say("无法按要求的格式回答。"),
    413: say("提交的内容太大了，没有保存。请减少附件或缩短文字后再试。"),
    414: say("地址太长了，无法处理。"),
    415: say("不支持这种内容类型，没有保存。API 请使用 application/json。"),
    422: say("填写的内容不符合要求，没有保存。请检查后重新提交。"),
    429: say("操作太频繁了，请稍后再试。"),
    500: say("系统出了问题，这一步没有完成。这不是您的操作有误；再试仍不行时，请把请求编号告诉系统管理员。"),
    503: AWAY,
}


def answer_error(
    status: int,
    sentence: Sentence,
    *,
    extra: Mapping[str, Any] | None = None,
    retry_after: int | None = None,
    headers: Mapping[str, str] | None = None,
    template: str | None = None,
) -> Response:
    """The answer in the shape that was asked for. Whatever the transaction held is rolled back before it is drawn."""
    _give_up()
    text, request_id = translate(sentence), g.get("request_id", "") if status >= 500 else ""
    if is_api():
        answer: BaseResponse = problem(status, text, extra)
    elif htmx.is_htmx():
        body = render_template("errors/_toast.html", sentence=text, status=status, request_id=request_id)
        # 409 and 422 are swapped into the target as a rule; a note must not replace the form with the typed text.
        place = {"HX-Retarget": "#toasts", "HX-Reswap": "beforeend", "HX-Reselect": ".toast"}
        answer = make_response(body, status, place)
    else:
        answer = _page(status, text, request_id, retry_after, template, extra)
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    answer.headers.extend(dict(headers or {}))
    return answer  # type: ignore[return-value]


def _page(
    status: int,
    text: str,
    request_id: str,
    retry_after: int | None,
    template: str | None,
    extra: Mapping[str, Any] | None,
) -> BaseResponse:
    name = template or (f"errors/{status}.html" if status in TEMPLATES else "errors/other.html")
    kept = None
    if request.method == "POST" and status != 413 and g.get("actor") and not g.get("foreign"):
        kept = drafts.keep_request(g.actor.id)
    context = dict(extra or {}) | {
        "sentence": text,
        "status": status,
        "request_id": request_id,
        "retry_after": retry_after,
        "kept": translate(KEPT) if kept else None,
        "kept_url": kept,
        "back_url": _way_back(),
    }
    return make_response(render_template(name, **context), status)


def _way_back() -> str | None:
    """The page that the person came from, unless it is the one that was refused."""
    path = htmx.current_path()
    asked = request.full_path.rstrip("?")
    return None if path is None or (request.method == "GET" and path == asked) else path


def _give_up() -> None:
    try:
        db.session.rollback()
    except SQLAlchemyError as fault:
        log.error("rollback failed", extra={"fault": type(fault).__name__})


# --- handlers ---------------------------------------------------------------------------------------------------------


def _refused(fault: DeskError) -> BaseResponse:
    status = next((code for kind, code in STATUSES.items() if isinstance(fault, kind)), 500)
    if isinstance(fault, NeedsStepUp) and not is_api():
        _give_up()
        return access.to_step_up()
    if isinstance(fault, NotAllowed):
        access.record_refusal()
    extra = (
        {RENAMED.get(name, name): _plain(value) for name, value in fault.extra.items()}
        if is_api()
        else dict(fault.extra)
    )
    if isinstance(fault, Invalid) and fault.fields and is_api():
        extra["errors"] = [
            {"field": name, "message": translate(one)} for name, sentences in fault.fields.items() for one in sentences
        ]
    if fault.href:
        extra["href"] = fault.href
    return answer_error(
        status,
        fault.sentence,
        extra=extra,
        retry_after=fault.retry_after if isinstance(fault, TooMany) else None,
        template="errors/locked.html" if isinstance(fault, Locked) else None,
    )


def _plain(value: Any) -> Any:
    """A detail of a refusal as JSON knows it."""
    if isinstance(value, Sentence):
        return translate(value)
    return value.isoformat() if isinstance(value, date) else value


def _stale(_fault: CSRFError) -> BaseResponse:
    if request.endpoint == "auth.login" and g.get("actor") and not g.get("foreign"):
        return redirect("/", 303)  # the button was pressed twice, and the first time let the person in
    return answer_error(400, FOREIGN if g.get("foreign") else STALE_FORM)


def _http(fault: HTTPException) -> BaseResponse:
    if fault.response is not None:
        return fault.response  # type: ignore[return-value]
    status = fault.code or 500
    if status < 400:
        return fault.get_response()
    if is_api() and (messages := getattr(fault, "data", {}).get("messages")):
        _give_up()
        return shape_problem(messages, status)
    kept = {name: value for name, value in fault.get_headers() if name in ("Allow", "Retry-After", "WWW-Authenticate")}
    return answer_error(status, BY_STATUS.get(status, BY_STATUS[400]), headers=kept)


def _broken(fault: InternalServerError) -> Response:
    """Anything unforeseen. The answer holds an id and no value; the log has the rest."""
    return answer_error(500, BY_STATUS[500])


def _integrity(fault: IntegrityError) -> Response:
    name = constraint_name(fault)
    log.warning("constraint", extra={"constraint": name, "endpoint": request.endpoint})
    return answer_error(409, CONSTRAINTS.get(name or "", RACE))


def _database(fault: DBAPIError) -> Response:
    """Locked, deadlocked or gone: nothing was saved, and trying again is right."""
    state = getattr(fault.orig, "sqlstate", None)
    log.error("database", extra={"fault": type(fault.orig).__name__, "state": state, "endpoint": request.endpoint})
    if state in ("40001", "40P01"):
        return answer_error(409, RACE)
    is_locked = state == "55P03" or "locked" in str(fault.orig)
    return answer_error(503, BUSY if is_locked else AWAY, retry_after=2 if is_locked else 10)


def _unfit(fault: Exception) -> Response:
    log.warning("unfit", extra={"fault": type(fault).__name__, "endpoint": request.endpoint})
    return answer_error(422, UNFIT)


_COLUMNS = re.compile(r"UNIQUE constraint failed: (?P<columns>[\w., ]+)")
_NAMED = re.compile(r"(?:CHECK constraint failed: |index ')(?P<name>\w+)")


def constraint_name(fault: IntegrityError) -> str | None:
    """The name of the constraint that was hit, by the naming convention of orm.py; SQLite tells columns only."""
    diagnosis = getattr(fault.orig, "diag", None)
    if diagnosis is not None:
        name: str | None = diagnosis.constraint_name
        return name
    text = str(fault.orig)
    if found := _COLUMNS.search(text):
        parts = [part.strip().split(".") for part in found["columns"].split(",")]
        return "_".join(["uq", parts[0][0], *(column for _, column in parts)])
    named = _NAMED.search(text)
    return named["name"] if named else None


def install(app: Flask) -> None:
    """Register the handlers; after flask-smorest's, which would answer everything below /api/ otherwise."""
    app.register_error_handler(DeskError, _refused)
    app.register_error_handler(CSRFError, _stale)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(InternalServerError, _broken)
    app.register_error_handler(IntegrityError, _integrity)
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(DataError, _unfit)
    app.register_error_handler(UnicodeEncodeError, _unfit)
    app.register_error_handler(OverflowError, _unfit)
