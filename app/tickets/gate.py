"""The one gate before closing. Page, bulk action, API, import, merge, worker and command all come through here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.numbering import company_zone
from app.tickets import timing
from app.tickets.codes import UNSOLVED, LinkKind, Outcome, Status
from app.tickets.followups import Attempt, completed, unreachable
from app.tickets.models import Cycle, FollowUp, FollowUpAttempt, Ticket, TicketLink
from app.words import Sentence, listed, say

RESOLUTION, FOLLOW_UP, OVERDUE_EXPLANATION, OPEN_CHILD = "resolution", "follow_up", "overdue_explanation", "open_child"


@dataclass(frozen=True)
class Situation:
    """What the gate looks at, all of the current cycle."""

    no: str
    status: str
    follow_up_no: str | None
    attempts: tuple[Attempt, ...]
    late: bool
    explained: bool
    open_children: tuple[str, ...]
    zone: ZoneInfo


@dataclass(frozen=True)
class Obstacle:
    """Why a ticket can't be closed: the sentence to show, every missing thing by its code, and where to go."""

    sentence: Sentence
    missing: tuple[str, ...]
    href: str


def obstacle(session: Session, ticket: Ticket) -> Obstacle | None:
    """What stands between this ticket and its end; None if it may be closed."""
    return judge(situation_of(session, ticket))


def judge(s: Situation) -> Obstacle | None:
    """The rule itself. Pure."""
    missing = []
    if s.status != Status.RESOLVED:
        missing.append(RESOLUTION)
    if ending(s) is None:
        missing.append(FOLLOW_UP)
    if s.late and not s.explained:
        missing.append(OVERDUE_EXPLANATION)
    if s.open_children:
        missing.append(OPEN_CHILD)
    return Obstacle(_sentence(s, missing[0]), tuple(missing), _href(s, missing[0])) if missing else None


def ending(s: Situation) -> Outcome | None:
    """Which end the attempts of this cycle allow: the customer is content, or was not to be reached."""
    if completed(s.attempts):
        return Outcome.SATISFIED
    return Outcome.UNREACHABLE if unreachable(s.attempts, s.zone) else None


def _sentence(s: Situation, missing: str) -> Sentence:
    if missing == RESOLUTION:
        return say("工单 %(no)s 还没有解决，不能关闭：请先记录原因和解决方案，提交解决后回访客户。", no=s.no)
    if missing == FOLLOW_UP and not s.attempts:
        return say("工单 %(no)s 还没有回访，不能关闭：请先完成回访 %(hv)s。", no=s.no, hv=s.follow_up_no or "")
    if missing == FOLLOW_UP:
        return say(
            "回访 %(hv)s 还没有联系上客户，工单 %(no)s 不能关闭：请继续回访；"
            "三个不同日期、电话和线上都试过仍联系不上时，由主管按“无法联系”关闭。",
            hv=s.follow_up_no or "",
            no=s.no,
        )
    if missing == OVERDUE_EXPLANATION:
        return say("工单 %(no)s 已超过承诺的时限，不能关闭：请先写明超时原因和对客户的说明。", no=s.no)
    return say(
        "工单 %(no)s 下面还有未解决的子工单 %(child)s，不能关闭：请先处理完子工单。",
        no=s.no,
        child=listed(s.open_children),
    )


def _href(s: Situation, missing: str) -> str:
    if missing == FOLLOW_UP and s.follow_up_no:
        return f"/follow-ups/{s.follow_up_no}"
    if missing == OPEN_CHILD:
        return f"/tickets/{s.open_children[0]}"
    return f"/tickets/{s.no}"


def situation_of(session: Session, ticket: Ticket) -> Situation:
    cycle = session.scalars(select(Cycle).where(Cycle.ticket_id == ticket.id, Cycle.n == ticket.cycle)).one()
    follow_up = session.scalar(select(FollowUp).where(FollowUp.cycle_id == cycle.id))
    attempts = _attempts(session, follow_up) if follow_up else ()
    return Situation(
        no=ticket.no,
        status=ticket.status,
        follow_up_no=follow_up.no if follow_up else None,
        attempts=tuple(attempts),
        late=was_late(session, cycle, cycle.resolved_at),
        explained=cycle.overdue_sealed is not None,
        open_children=tuple(open_children(session, ticket)),
        zone=company_zone(session),
    )


def _attempts(session: Session, follow_up: FollowUp) -> Iterable[Attempt]:
    rows = session.scalars(select(FollowUpAttempt).where(FollowUpAttempt.follow_up_id == follow_up.id))
    return [Attempt(row.at, row.method, row.reached, row.solved, row.score) for row in rows]


def was_late(session: Session, cycle: Cycle, at: datetime | None) -> bool:
    return at is not None and timing.late(timing.current(session, cycle).values(), at)


def open_children(session: Session, ticket: Ticket) -> list[str]:
    """Numbers of the parts of this ticket that nobody has solved yet."""
    query = (
        select(Ticket.no)
        .join(TicketLink, TicketLink.from_id == Ticket.id)
        .where(TicketLink.to_id == ticket.id, TicketLink.kind == LinkKind.PARENT, Ticket.status.in_(UNSOLVED))
        .order_by(Ticket.id)
    )
    return list(session.scalars(query))
