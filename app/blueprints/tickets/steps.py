"""The steps of the loop as pages. Each is a form to open and an act; the rules are the services'."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from flask import g
from wtforms import Field
from wtforms.fields.choices import SelectChoice

from app.accounts import queries as accounts
from app.blueprints.tickets import forms
from app.blueprints.tickets.routes import bp, company_moment, found
from app.blueprints.tickets.stepping import step_page
from app.errors import Invalid, NotFound
from app.extensions import db
from app.policy import Action, authorize, may
from app.tickets import queries, services
from app.tickets.given import AssignmentGiven, ResolutionGiven
from app.tickets.models import Ticket
from app.tickets.queries import TicketPage
from app.web.access import requires, the_actor
from app.web.languages import stored, translate
from app.web.transaction import Answer, show
from app.words import N_, say

step = partial(step_page, bp)
TRIAGE = N_("分级派单")


def _by() -> dict[str, Any]:
    return {"by": the_actor(), "now": g.now}


def category_choices() -> list[SelectChoice]:
    """Both levels: the children of a first-level category stand in its group, behind the category itself."""
    rows = queries.categories(db.session())
    tops = {row.id: stored(row.name) for row in rows if row.parent_id is None}
    return [SelectChoice("", translate(N_("请选择")))] + [
        SelectChoice(row.code, stored(row.name), optgroup=tops[row.parent_id or row.id]) for row in rows
    ]


def department_choices(empty: str | None = None) -> list[SelectChoice]:
    rows = [SelectChoice(row.code, stored(row.name)) for row in accounts.departments(db.session())]
    return ([SelectChoice("", translate(empty))] if empty else []) + rows


@step(
    "verification",
    forms.VerificationForm,
    Action.TICKET_VERIFY,
    title=N_("核实"),
    said=N_("已核实。下一步：分类、定级、派单。"),
)
def verify(ticket: Ticket, form: Any) -> None:
    services.verify(db.session(), ticket, note=form.note.data or "", seen=form.seen_by_person, **_by())


def _triage_form(page: TicketPage) -> forms.TriageForm:
    ticket = page.ticket
    now = {
        "category": page.category.code if page.category else "",
        "impact": str(ticket.impact or ""),
        "urgency": str(ticket.urgency_preset or ticket.urgency or ""),
        "severity": str(ticket.severity or ""),
        "marks": list(ticket.marks or ()),
    }
    form = forms.TriageForm(data=now)
    form.category.choices = category_choices()
    form.department.choices = department_choices(N_("按派单规则"))
    if not may(the_actor(), Action.PRIORITY_OVERRIDE, page.facts):
        del form.priority, form.reason
    else:
        coded = (replace(one, label=f"{one.value} {one.label}".strip()) for one in form.priority.choices)
        form.priority.choices = list(coded)
    if not may(the_actor(), Action.TICKET_ROUTE, page.facts):
        del form.department
    return form


def _judged(page: TicketPage, form: Any) -> dict[str, Any]:
    """What the matrix says to the axes on the form, when they are all chosen."""
    ready = form.category.data and form.impact.data and form.urgency.data and form.severity.data
    return {"judged": services.preview_priority(db.session(), page.ticket, form.triage()) if ready else None}


@step(
    "triage",
    _triage_form,
    Action.TICKET_CLASSIFY,
    title=TRIAGE,
    said=N_("已分级并派到处理部门。"),
    template="tickets/triage.html",
    prepare=_judged,
)
def triage(ticket: Ticket, form: Any) -> None:
    more = {name: form[name].data for name in ("priority", "department") if name in form and form[name].data}
    if "reason" in form:
        more["reason"] = form.reason.data or ""
    services.triage(db.session(), ticket, form.triage(**more), seen=form.seen_by_person, **_by())


def _assignment_form(page: TicketPage) -> forms.AssignmentForm:
    people = queries.assignable(db.session(), page.ticket, viewer=the_actor(), now=g.now)
    current = next((person.login for person in people if person.id == page.ticket.assignee_id), "")
    form = forms.AssignmentForm(data={"department": page.department.code, "assignee": current})
    form.department.choices = department_choices()
    form.assignee.choices = [
        SelectChoice("", translate(N_("暂不指定，由部门认领"))),
        *(SelectChoice(person.login, translate(person.text)) for person in people),
    ]
    if page.ticket.planned_for:
        del form.planned_for
    return form


@bp.post("/tickets/<no>/triage/preview")
@requires(Action.TICKET_CLASSIFY)
def preview_triage(no: str) -> Answer:
    """The priority that the choices on the form would give; nothing is saved."""
    page = queries.whole(db.session(), found(no), viewer=the_actor(), now=g.now)
    authorize(the_actor(), Action.TICKET_CLASSIFY, page.facts)
    form = _triage_form(page)
    fragment = "tickets/preview.hx.html" if _preset(form) else "tickets/_judged.html"
    more: dict[str, Any] = {"page": page, "ticket": page.ticket, "form": form, "title": TRIAGE, "send": TRIAGE}
    return show("tickets/triage.html", fragment, **more, **_judged(page, form))


def _preset(form: forms.TriageForm) -> bool:
    """While no axis is chosen, a category brings its own; what somebody has chosen is never changed."""
    axes = (form.impact, form.urgency, form.severity)
    category = next((row for row in queries.categories(db.session()) if row.code == form.category.data), None)
    if category is None or any(axis.data for axis in axes):
        return False
    form.impact.data, form.urgency.data, form.severity.data = (
        str(level) for level in (category.impact, category.urgency, category.severity)
    )
    return True


@step("assignment", _assignment_form, Action.TICKET_ROUTE, title=N_("指派与转部门"), said=N_("指派已保存。"))
def assign(ticket: Ticket, form: Any) -> None:
    given = AssignmentGiven(
        assignee=form.assignee.data or None,
        department=form.department.data or None,
        planned_for=company_moment(form.planned_for.data) if "planned_for" in form else None,
        reason=form.reason.data or "",
        unassign=not form.assignee.data,
    )
    services.assign(db.session(), ticket, given, seen=form.seen_by_person, **_by())


@step("start", forms.StartForm, Action.TICKET_HANDLE, title=N_("开始处理"), said=N_("已开始处理。"))
def start(ticket: Ticket, form: Any) -> None:
    services.start(db.session(), ticket, seen=form.seen_by_person, **_by())


@step(
    "waiting",
    forms.WaitingForm,
    Action.TICKET_HANDLE,
    title=N_("转待客户"),
    said=N_("已转为待客户，解决时限暂停计时。客户来信后会自动继续。"),
)
def wait(ticket: Ticket, form: Any) -> None:
    services.wait(db.session(), ticket, reason=form.reason.data or "", seen=form.seen_by_person, **_by())


@step("handback", forms.ReasonForm, Action.TICKET_HANDLE, title=N_("退单"), said=N_("已退回分级。"))
def hand_back(ticket: Ticket, form: Any) -> None:
    services.hand_back(db.session(), ticket, reason=form.reason.data, seen=form.seen_by_person, **_by())


def _analysis_form(page: TicketPage) -> forms.AnalysisForm:
    # Who sees the redacted copy must not save it over the original.
    known = page.cycle.root_cause.text if page.full else ""
    return forms.AnalysisForm(data={"cause_kind": page.cycle.cause_kind, "root_cause": known})


@step("analysis", _analysis_form, Action.TICKET_HANDLE, title=N_("记录原因"), said=N_("原因已记录。"))
def analyse(ticket: Ticket, form: Any) -> None:
    services.record_analysis(
        db.session(),
        ticket,
        cause_kind=form.cause_kind.data,
        root_cause=form.root_cause.data,
        seen=form.seen_by_person,
        **_by(),
    )


def _resolution_form(page: TicketPage) -> forms.ResolutionForm:
    form: forms.ResolutionForm = forms.ResolutionForm() if page.cycle.cause_kind else forms.FullResolutionForm()
    if not page.overdue(g.now):
        del form.overdue_explanation
    return form


@step(
    "resolution",
    _resolution_form,
    Action.TICKET_HANDLE,
    title=N_("提交解决，转待回访"),
    said=N_("已解决，回访任务已生成。"),
    template="tickets/resolution.html",
)
def resolve(ticket: Ticket, form: Any) -> None:
    session, seen = db.session(), form.seen_by_person
    if "overdue_explanation" in form and not form.overdue_explanation.data:
        wrong = say("请写明超时原因和对客户的说明。")
        raise Invalid(wrong, fields={"overdue_explanation": [wrong]})
    if "cause_kind" in form:
        services.record_analysis(
            session, ticket, cause_kind=form.cause_kind.data, root_cause=form.root_cause.data, seen=seen, **_by()
        )
    late = form.overdue_explanation.data or "" if "overdue_explanation" in form else ""
    given = ResolutionGiven(
        solution=form.solution.data, improvement=form.improvement.data or "", overdue_explanation=late
    )
    services.resolve(session, ticket, given, seen=seen, **_by())


@step("reopening", forms.ReasonForm, Action.TICKET_REOPEN, title=N_("重开"), said=N_("工单已重开，回到分级。"))
def reopen(ticket: Ticket, form: Any) -> None:
    services.reopen(db.session(), ticket, reason=form.reason.data, seen=form.seen_by_person, **_by())


@step(
    "closure",
    forms.StartForm,
    Action.TICKET_CLOSE,
    Action.CLOSE_UNREACHABLE,
    title=N_("关闭工单"),
    said=N_("工单已关闭。"),
)
def close(ticket: Ticket, form: Any) -> None:
    services.close(db.session(), ticket, **_by())


def _named(field: Field) -> Ticket:
    """The ticket whose number was typed; a wrong number is the field's fault, not the page's."""
    try:
        return found(field.data.strip().upper())
    except NotFound:
        wrong = say("没有找到工单 %(no)s。请核对编号。", no=field.data.strip())
        raise Invalid(wrong, fields={field.name: [wrong]}) from None


@step("merge", forms.MergeForm, Action.TICKET_MERGE, title=N_("合并工单"), said=N_("工单已合并。"))
def merge(ticket: Ticket, form: Any) -> None:
    into = _named(form.into)
    services.merge(db.session(), ticket, into, reason=form.reason.data, seen=form.seen_by_person, **_by())


@step("merge/undo", forms.OptionalReasonForm, Action.TICKET_MERGE, title=N_("撤销合并"), said=N_("合并已撤销。"))
def undo_merge(ticket: Ticket, form: Any) -> None:
    services.undo_merge(db.session(), ticket, reason=form.reason.data or "", **_by())


@step(
    "invalidation",
    forms.ReasonForm,
    Action.TICKET_INVALIDATE,
    title=N_("申请判为无效"),
    said=N_("已提交，等主管确认。"),
)
def invalidate(ticket: Ticket, form: Any) -> None:
    services.invalidate(db.session(), ticket, reason=form.reason.data, seen=form.seen_by_person, **_by())


@step(
    "invalidation/confirmation",
    forms.StartForm,
    Action.INVALID_CONFIRM,
    title=N_("确认无效"),
    said=N_("工单已判为无效。"),
)
def confirm_invalid(ticket: Ticket, form: Any) -> None:
    services.confirm_invalid(db.session(), ticket, **_by())


@step(
    "restoration",
    forms.OptionalReasonForm,
    Action.INVALID_CONFIRM,
    Action.TICKET_INVALIDATE,
    title=N_("撤回或恢复"),
    said=N_("已恢复。"),
)
def restore(ticket: Ticket, form: Any) -> None:
    services.restore(db.session(), ticket, reason=form.reason.data or "", **_by())


@step("escalation", forms.EscalationForm, Action.TICKET_ESCALATE, title=N_("升级"), said=N_("已升级，主管已收到提醒。"))
def escalate(ticket: Ticket, form: Any) -> None:
    services.escalate(db.session(), ticket, kind=form.kind.data, reason=form.reason.data, **_by())


@step("links", forms.LinkForm, Action.TICKET_MERGE, title=N_("关联工单"), said=N_("关联已保存。"))
def link(ticket: Ticket, form: Any) -> None:
    services.link(db.session(), ticket, _named(form.other), kind=form.kind.data, **_by())
