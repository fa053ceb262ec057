"""A sound request for every route: what it is about, what goes with it, and which right it needs beyond the declared.

A route without an example fails the walk, so a new door can't be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from app.policy import Action, Actor, Reach, may, reaches
from tests.doors.ground import THING_OF_NOBODY, Belongings, Thing, World

A = Action
TICKETS = ("lin", "mei", "tang", "expert", "nothing")
FOLLOW_UPS = ("asked", "tang", "nothing")
CUSTOMERS = ("lin", "tang", "expert", "nothing")
OWN = ("own", "other", "nothing")
NONE = 2_000_000_001  # an id that no row has


@dataclass(frozen=True)
class Where:
    """What a request is filled from."""

    world: World
    person: str
    thing: Thing = THING_OF_NOBODY
    row: Belongings | None = None  # for what belongs to one person; None: no such row


Filling = dict[str, Any] | Callable[[Where], dict[str, Any]]
Also = Callable[[Where, Actor], bool]


@dataclass(frozen=True)
class Case:
    """One way to knock at a door."""

    about: str = ""  # "", ticket, follow_up, customer, own
    args: Filling | None = None  # of the path; by default the number of what it is about
    query: Filling | None = None
    form: Filling | None = None
    json: Filling | None = None
    needs: tuple[Action, ...] = ()  # any of these on the object; by default what the route declares
    also: Also | None = (
        None  # a further right that this content needs: refused with 403, or 409 where the state is wrong
    )
    sees: str = ""  # another thing that the request names and that the person must see
    gone: bool = False  # there is never anything behind this address, whoever asks
    shows: bool = False  # a good answer holds the customer's values: that is what it is for
    shows_of: str = ""  # … whose, when the request names a customer itself
    joins: str = ""  # who is on the ticket by this very request, and then reads it in full
    by_right: bool = False  # a list in which each row is masked or not by the right to its ticket
    marks: tuple[str, ...] = ()  # tables that a GET may write to here, after the answer
    audits: bool = False  # names tickets by number, as an audit trail must
    things: tuple[str, ...] = ()
    say: str = ""  # tells cases of one route apart

    def subjects(self) -> tuple[str, ...]:
        defaults = {"ticket": TICKETS, "follow_up": FOLLOW_UPS, "customer": CUSTOMERS, "own": OWN}
        return self.things or defaults.get(self.about, ("",))

    def filled(self, name: str, where: Where) -> dict[str, Any]:
        given = getattr(self, name)
        return dict(given(where) if callable(given) else given or {})

    def path_args(self, where: Where) -> dict[str, Any]:
        if self.args is not None:
            return self.filled("args", where)
        numbers = {
            "ticket": where.thing.ticket_no,
            "follow_up": where.thing.follow_up_no,
            "customer": where.thing.customer_no,
        }
        return {"no": numbers[self.about]} if self.about in numbers else {}


CASES: dict[tuple[str, str], list[Case]] = {}


def door(endpoint: str, method: str, *cases: Case) -> None:
    assert (endpoint, method) not in CASES, endpoint
    CASES[endpoint, method] = list(cases)


# --- tickets ----------------------------------------------------------------------------------------------------------

AXES = {"category": "fault.function", "impact": 1, "urgency": 2, "severity": 2}
REASON = {"reason": "测试门是否关好"}


def _fully(where: Where, actor: Actor) -> bool:
    return may(actor, A.PERSONAL_SEE, where.thing.facts)


def _overrides(where: Where, actor: Actor) -> bool:
    return may(actor, A.PRIORITY_OVERRIDE, where.thing.facts)


def _routes(where: Where, actor: Actor) -> bool:
    return may(actor, A.TICKET_ROUTE, where.thing.facts)


def _wrote(where: Where, actor: Actor) -> bool:
    return actor.login == {"lin": "lin", "tang": "tang"}.get(where.thing.name)


MESSAGES = (
    ({"kind": "reply", "body": "您好，我们正在核对。"}, A.TICKET_REPLY),
    ({"kind": "note", "body": "内部：等备件。"}, A.NOTE_WRITE),
    ({"kind": "inbound", "body": "客户又来电询问。"}, A.TICKET_VERIFY),
)

# noun, body, the content as a form where it differs, and what the page route is called
STEPS: dict[str, tuple[dict[str, Any], str]] = {
    "verification": ({"note": "型号 X20"}, "verify"),
    "triage": (AXES, "triage"),
    "assignment": ({"department": "support", "assignee": "chen"}, "assign"),
    "start": ({}, "start"),
    "waiting": ({"reason": "等客户寄回"}, "wait"),
    "handback": (REASON, "hand_back"),
    "analysis": ({"cause_kind": "hardware", "root_cause": "电芯老化"}, "analyse"),
    "resolution": ({"solution": "更换电池", "overdue_explanation": "备件缺货"}, "resolve"),
    "reopening": (REASON, "reopen"),
    "closure": ({}, "close"),
    "invalidation": (REASON, "invalidate"),
    "confirmation": ({}, "confirm_invalid"),
    "escalation": ({"kind": "complaint"} | REASON, "escalate"),
}
ALSO_RESOLVED = {"reopening": ("asked", *TICKETS), "closure": ("asked", *TICKETS)}

for noun, (body, name) in STEPS.items():
    where_to = ALSO_RESOLVED.get(noun, ())
    more_api, more_page = [], []
    if noun == "triage":
        override = {"priority": "P0", "reason": "主管要求"}
        more_api = [
            Case("ticket", json=AXES | override, also=_overrides, say="priority"),
            Case("ticket", json=AXES | {"department": "product"}, also=_routes, say="department"),
        ]
        more_page = [Case("ticket", form=AXES | override | {"department": "product"}, say="forged fields")]
    joins = {"assignment": "chen"}.get(noun, "")
    knock = Case("ticket", json=body, things=where_to, joins=joins, shows=noun == "start")  # who starts is on it
    door(f"api_tickets.{name}", "POST", knock, *more_api)
    door(f"tickets.{name}_page", "GET", Case("ticket", things=where_to))
    door(f"tickets.{name}", "POST", Case("ticket", form=body, things=where_to), *more_page)

door("tickets.preview_triage", "POST", Case("ticket", form=AXES))
door("api_tickets.restore", "DELETE", Case("ticket"))
door("tickets.restore_page", "GET", Case("ticket"))
door("tickets.restore", "POST", Case("ticket", form=REASON))

for suffix, method, content in (("api_tickets.merge", "POST", "json"), ("tickets.merge", "POST", "form")):
    door(
        suffix,
        method,
        *(
            Case(
                "ticket",
                **{content: lambda at, into=into: {"into": at.world.things[into].ticket_no} | REASON},
                sees=into,
                say=f"into {into}",
            )
            for into in ("mei", "tang", "nothing")
        ),
    )
door("tickets.merge_page", "GET", Case("ticket"))
door("api_tickets.undo_merge", "DELETE", Case("ticket"))
door("tickets.undo_merge_page", "GET", Case("ticket"))
door("tickets.undo_merge", "POST", Case("ticket", form=REASON))
door("tickets.link_page", "GET", Case("ticket"))
door(
    "tickets.link",
    "POST",
    *(
        Case(
            "ticket",
            form=lambda at, other=other: {"other": at.world.things[other].ticket_no, "kind": "duplicate"},
            sees=other,
            say=f"to {other}",
        )
        for other in ("mei", "tang", "nothing")
    ),
)

door(
    "api_tickets.add_message",
    "POST",
    *(Case("ticket", json=body, needs=(right,), say=body["kind"]) for body, right in MESSAGES),
)
door(
    "tickets.add_message",
    "POST",
    *(Case("ticket", form=body, needs=(right,), say=body["kind"]) for body, right in MESSAGES),
)
door(
    "tickets.withdraw",
    "POST",
    Case(
        "ticket",
        args=lambda at: {"no": at.thing.ticket_no, "message_id": at.thing.message_id},
        form={},
        needs=(A.TICKET_REPLY, A.NOTE_WRITE),
        also=_wrote,
        things=("lin", "tang", "nothing"),
    ),
    Case(
        "ticket",
        args=lambda at: {"no": at.thing.ticket_no, "message_id": at.world.things["tang"].message_id},
        form={},
        gone=True,
        things=("lin", "mei", "nothing"),
        say="another ticket's message",
    ),
)
door(
    "tickets.edit_fact_page",
    "GET",
    *(
        Case("ticket", args=lambda at, name=name: {"no": at.thing.ticket_no, "field": name}, say=name)
        for name in ("description", "remark", "scene")
    ),
)
door(
    "tickets.edit_fact",
    "POST",
    Case(
        "ticket",
        args=lambda at: {"no": at.thing.ticket_no, "field": "scene"},
        form=lambda at: {"text": "在家里", "version": str(at.thing.version)},
        needs=(A.TICKET_VERIFY,),
        also=_fully,
    ),
)
door("api_tickets.show", "GET", Case("ticket"))
door("tickets.detail", "GET", Case("ticket"))

LISTS = (
    Case(),
    Case(query={"order": "due", "status": "resolved"}, say="resolved"),
    Case(query=lambda at: {"customer": at.world.things["tang"].customer_no}, say="customer"),
    Case(query={"mine": "1", "overdue": "1"}, say="mine"),
    Case(query={"department": "product", "assignee": "sun"}, say="department"),
    Case(query=lambda at: {"q": at.world.things["tang"].ticket_no}, say="q"),
    Case(query={"q": "手机充不进电"}, say="text"),
)
door("api_tickets.list_tickets", "GET", *(replace(case, by_right=True) for case in LISTS))
door("tickets.index", "GET", *LISTS)

STRANGER = {"name": "钱多多", "phone": "13912340000"}
REGISTRATION = {"channel": "phone", "description": "键盘失灵"}


def _registers(_where: Where, actor: Actor) -> bool:
    return may(actor, A.TICKET_REGISTER)


door(
    "api_tickets.register",
    "POST",
    Case(json=REGISTRATION | {"customer": STRANGER}, needs=(A.TICKET_REGISTER,)),
    Case(
        json=lambda at: REGISTRATION | {"customer": {"name": "欧阳丹", "phone": "13700010001"}},
        needs=(A.TICKET_REGISTER,),
        shows=True,  # who registers is on the ticket
        shows_of="support",
        say="a known number",
    ),
    Case(json={"channel": "internal", "description": "流程缺口"}, say="gap"),
)
door("tickets.new", "GET", Case())
door(
    "tickets.register",
    "POST",
    Case(form=REGISTRATION | STRANGER, say="phone", needs=(A.TICKET_REGISTER, A.GAP_REPORT)),
    Case(form={"channel": "internal", "description": "流程缺口"}, say="gap"),
    Case(form={"channel": "phone", "phone": "13700010001", "look": "1"}, needs=(A.CUSTOMER_FIND,), say="look up"),
)
door("tickets.find_page", "GET", Case())
door(
    "tickets.find",
    "POST",
    *(
        Case(form=lambda at, name=name: {"q": at.world.things[name].ticket_no}, say=f"number of {name}")
        for name in ("lin", "tang", "nothing")
    ),
    Case(form={"q": "没有这样的文字"}, say="text"),
    Case(form={"q": "13700020002"}, needs=(A.CUSTOMER_FIND,), say="phone"),
    Case(form={"q": "0002"}, needs=(A.CUSTOMER_FIND,), say="four digits"),
)

# --- follow-ups -------------------------------------------------------------------------------------------------------

door("api_follow_ups.list_follow_ups", "GET", Case(), Case(query={"mine": "true"}, say="mine"))
door("follow_ups.index", "GET", Case(), Case(query={"state": "done"}, say="done"))
door("follow_ups.detail", "GET", Case("follow_up"))
door(
    "api_follow_ups.record_attempt",
    "POST",
    Case("follow_up", json={"method": "phone", "reached": True, "solved": True, "score": 5}),
    Case("follow_up", json={"method": "online", "reached": False}, say="not reached"),
)
door(
    "follow_ups.record_attempt",
    "POST",
    Case("follow_up", form={"method": "phone", "reached": "yes", "solved": "yes", "score": "5"}),
    Case("follow_up", form={"method": "phone", "reached": "yes", "solved": "yes", "close": "1"}, say="and close"),
)

# --- customers --------------------------------------------------------------------------------------------------------


def _reveals(where: Where, actor: Actor) -> bool:
    facts = where.world.customers[where.thing.customer]
    return Reach.ALL in reaches(actor, A.REVEAL) or any(may(actor, A.REVEAL, one) for one in facts)


door("api_customers.list_customers", "GET", Case())
door("customers.index", "GET", Case(), Case(query={"tier": "vip", "flagged": "1"}, say="filters"))
CASES["customers.index", "GET"].append(
    Case("own", args={}, query=lambda at: {"match": at.row.match_uid if at.row else "0" * 32}, say="match")
)
door("api_customers.create", "POST", Case(json=STRANGER), Case(json=STRANGER | {"phone": "13700020002"}, say="known"))
door(
    "api_customers.look_up",
    "POST",
    Case(json={"phone": "13700020002"}, say="phone"),
    Case(json={"email": "haonan@planted.example"}, say="mail"),
    Case(json={"last4": "0002"}, say="last4"),
)
door(
    "customers.look_up",
    "POST",
    Case(form={"text": "13700020002"}, say="phone"),
    Case(form={"text": "0002"}, say="last4"),
    Case(form=lambda at: {"text": at.world.things["tang"].customer_no}, say="number"),
)
for name in ("detail", "edit_page", "merge_page", "new_purchase", "export_page", "erasure_page"):
    door(f"customers.{name}", "GET", Case("customer"))
door("customers.edit", "POST", Case("customer", form={"version": "1", "add-0": "13912340001", "kind-0": "phone"}))
door("customers.set_standing", "POST", Case("customer", form={"tier": "vip", "version": "1"}))
door("customers.add_purchase", "POST", Case("customer", form={"product_text": "充电器"}))
door("customers.merge", "POST", Case("customer", form=lambda at: {"into": at.world.things["tang"].customer_no}))
door("customers.export", "POST", Case("customer", form=REASON, shows=True))
door("customers.erase", "POST", Case("customer", form=lambda at: REASON | {"number": at.thing.customer_no}))
door(
    "customers.ask_to_reveal",
    "GET",
    Case("customer", query={"field": "name"}, also=_reveals),
    Case(
        "customer",
        query=lambda at: {"field": f"contact-{at.world.things['tang'].contact_id}"},
        things=("lin", "expert"),
        also=_reveals,
        gone=True,
        say="another customer's contact",
    ),
)
door(
    "customers.reveal",
    "POST",
    Case("customer", form=REASON | {"field": "name"}, also=_reveals, shows=True),
    Case(
        "customer",
        form=lambda at: REASON | {"field": f"contact-{at.thing.contact_id}"},
        also=_reveals,
        shows=True,
        say="contact",
    ),
    Case(
        "customer",
        form=lambda at: REASON | {"field": f"contact-{at.world.things['tang'].contact_id}"},
        things=("lin", "expert"),
        also=_reveals,
        gone=True,
        say="another customer's contact",
    ),
    Case(
        "customer",
        form=lambda at: REASON | {"field": f"purchase-{at.world.things['tang'].purchase_id}"},
        things=("lin", "expert"),
        also=_reveals,
        gone=True,
        say="another customer's purchase",
    ),
)

# --- one's own account ------------------------------------------------------------------------------------------------

door("home.index", "GET", Case())
for name in ("profile", "deputy_list", "draft_list", "second_factor", "session_list", "token_list", "password"):
    door(f"me.{name}", "GET", Case())
door("me.save_profile", "POST", Case(form={"email": "new@desk.example"}))
door(
    "me.appoint_deputy",
    "POST",
    Case(form=lambda at: {"deputy": str(at.world.ids["mei"]), "starts_on": "2027-03-01", "ends_on": "2027-03-02"}),
)


def _own(name: str, arg: str, none: Any = NONE) -> Callable[[Where], dict[str, Any]]:
    return lambda at: {arg: getattr(at.row, name) if at.row else none}


door("me.end_deputy", "POST", Case("own", args=_own("deputy_id", "row_id"), form={}))
door("me.end_session", "POST", Case("own", args=_own("session_id", "session_id"), form={}))
door("me.revoke_token", "POST", Case("own", args=_own("token_id", "token_id"), form={}))
door("me.draft", "GET", Case("own", args=_own("draft_uid", "uid", "0" * 32)))
# Deleting what is gone already (or was never mine) is as good as done, and tells nothing.
door("me.delete_draft", "POST", Case(args=lambda at: {"uid": at.world.belongings["sun"].draft_uid}, form={}))
door("me.end_other_sessions", "POST", Case(form={}))
WRONG = {"current": "不是这个密码 1", "password": "新的密码 2024 好", "again": "新的密码 2024 好"}
door("me.password", "POST", Case(form=WRONG))
door("me.begin_second_factor", "POST", Case(form={}))
door("me.confirm_second_factor", "POST", Case(form={"code": "123456"}))
door("me.renew_recovery_codes", "POST", Case(form={}, gone=True, say="without a second factor"))
door("me.end_second_factor", "POST", Case(form={}))
door("me.create_token", "POST", Case(form={"name": "网店", "lasts": "30"}))

# --- open to all ------------------------------------------------------------------------------------------------------

for name in ("login", "code", "forgot", "reset"):
    door(f"auth.{name}", "GET", Case())
door("auth.login", "POST", Case(form={"login": "lin", "password": "不对的密码 1"}))
door("auth.code", "POST", Case(form={"code": "123456"}))
door("auth.logout", "POST", Case(form={}))
door("auth.step_up", "GET", Case())
door("auth.step_up", "POST", Case(form={"password": "不对的密码 1"}))
door("auth.forgot", "POST", Case(form={"who": "lin"}))
door("auth.reset_link", "GET", Case(args={"token": "x" * 43}))
door("auth.reset", "POST", Case(form={"password": "新的密码 2024 好", "again": "新的密码 2024 好"}))
door("auth.language", "POST", Case(form={"locale": "en", "next": "/"}))
door("health.alive", "GET", Case())
door("health.ready", "GET", Case())
door("api_document.openapi", "GET", Case())

# --- notifications ----------------------------------------------------------------------------------------------------

door("notifications.index", "GET", Case())
door("notifications.read_all", "POST", Case(form={}))
door(
    "notifications.follow",
    "GET",
    Case("own", args=_own("notification_id", "notification_id"), marks=("notification",)),  # as read
)
