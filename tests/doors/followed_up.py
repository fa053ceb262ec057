"""An opinion of its own on whether every closed ticket was followed up: plain reads, none of the program's rules."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, select

from app.accounts.models import UserRole
from app.tickets.models import Cycle, FollowUp, FollowUpAttempt, Ticket

SHANGHAI = timedelta(hours=8)
MAY_GIVE_UP = {"supervisor", "head"}


def wrongly_closed(connection: Connection) -> list[str]:
    """A sentence for each ticket that is closed and should not be, or says so in one place only."""
    rows = connection.execute(select(Ticket.__table__)).mappings().all()
    tickets = {row["id"]: dict(row) for row in rows}
    return [f"{row['no']}: {why}" for row in tickets.values() if (why := _why(connection, tickets, row))]


def _why(connection: Connection, tickets: dict[int, dict], row: dict) -> str:
    if row["status"] != "closed":
        return "has an end but isn't closed" if row["closed_at"] or row["closed_as"] else ""
    if not row["closed_at"] or not row["closed_by"]:
        return "closed without a time or a person"
    if row["closed_as"] == "merged":
        target = tickets.get(row["merged_into_id"] or 0)
        return "" if target and target["status"] == "closed" else "closed with a target that is open"
    return _not_asked(connection, row)


def _not_asked(connection: Connection, row: dict) -> str:
    cycle = (
        connection.execute(select(Cycle.__table__).where(Cycle.ticket_id == row["id"], Cycle.n == row["cycle"]))
        .mappings()
        .one()
    )
    if not (cycle["resolved_at"] and cycle["cause_kind"] and cycle["solution_sealed"]):
        return "closed without a solution in this cycle"
    asked = connection.execute(select(FollowUp.__table__).where(FollowUp.cycle_id == cycle["id"])).mappings().all()
    if len(asked) != 1 or asked[0]["state"] != "done" or asked[0]["outcome"] != row["closed_as"]:
        return "closed without a completed follow-up of this cycle"
    attempts = (
        connection.execute(select(FollowUpAttempt.__table__).where(FollowUpAttempt.follow_up_id == asked[0]["id"]))
        .mappings()
        .all()
    )
    if any(attempt["at"] < cycle["resolved_at"] for attempt in attempts):
        return "the customer was asked before it was solved"
    if row["closed_as"] == "satisfied":
        content = [a for a in attempts if a["reached"] and a["solved"] and (a["score"] is None or a["score"] >= 3)]
        return "" if content else "closed as satisfied by nobody"
    failed = [a for a in attempts if not a["reached"]]
    days = {(a["at"] + SHANGHAI).date() for a in failed}
    roles = set(connection.scalars(select(UserRole.role).where(UserRole.user_id == row["closed_by"])))
    enough = len(days) >= 3 and {a["method"] for a in failed} >= {"phone", "online"} and roles & MAY_GIVE_UP
    return "" if row["closed_as"] == "unreachable" and enough else "given up too early, or by the wrong person"
