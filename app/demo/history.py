"""A script performed in memory: the moves of `app.tickets.services` on plain rows, by the same pure rules.

A service spends its time on locks, rights and refusals, and on reading back what it just wrote. A generated history is
right by construction, so only what changes is left. A test sends scripts through both and compares.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from random import Random
from typing import Any

from app.demo.promises import Promises, next_due
from app.demo.rows import Row, Rows
from app.demo.script import Do, Registered, Step
from app.demo.sealing import Sealer
from app.demo.telling import NOTHING, Text
from app.demo.world import World
from app.sla.clock import end_of_day
from app.tickets.clocks import BEFORE_TRIAGE, Deadline
from app.tickets.codes import ClockKind, Status
from app.tickets.models import Ticket
from app.tickets.numbers import TicketNumber
from app.tickets.workflow import Move, allowed, target_of

_TICKET = dict.fromkeys(column.name for column in Ticket.__table__.columns)


class Impossible(Exception):
    """A script asks for a move that the rules forbid: a mistake of the generator."""


class Owner:
    """Whose ticket it is, as far as the rules look at it."""

    __slots__ = ("id", "key", "seal", "staff_id", "tickets", "tier")

    def __init__(self, id: int, tier: str, key: bool, seal: Sealer, staff_id: int | None = None) -> None:
        self.id, self.tier, self.key, self.seal, self.staff_id = id, tier, key, seal, staff_id
        self.tickets = 0


class History:
    """One ticket while its life is told."""

    def __init__(self, world: World, rows: Rows, random: Random, owner: Owner) -> None:
        self.world, self.rows, self.owner = world, rows, owner
        self._random = random
        self.ticket: Row = dict(_TICKET)
        self.cycle: Row = {}
        self.promises: Promises = Promises(0, 0, lambda: 0)
        self.messages: list[Row] = []
        self.follow_up: Row | None = None
        self.attempts: list[Row] = []
        self.escalated: set[str] = set()
        self.children: list[History] = []
        self.follow_ups = 0
        self.invalidation: Row | None = None
        self._clocks: list[Promises] = []
        self._pause: Row | None = None
        self.assisting: set[int] = set()

    # --- what every step stands on ------------------------------------------------------------------------------------

    def uid(self) -> str:
        return f"{self._random.getrandbits(128):032x}"

    def pair(self, table: str, row: Row, field: str, text: Text) -> None:
        """A written text: sealed, and its copy."""
        row[f"{field}_sealed"] = self.owner.seal.seal(table, f"{field}_sealed", row["uid"], text.original)
        row[f"{field}_redacted"] = text.redacted

    def note(
        self,
        kind: str,
        step: Step,
        /,
        why: Text = NOTHING,
        changed: tuple[str | None, str] | None = None,
        **data: Any,
    ) -> None:
        """One timeline entry."""
        row: Row = {
            "id": self.rows.id("ticket_event"),
            "uid": self.uid(),
            "ticket_id": self.ticket["id"],
            "cycle_n": self.ticket["cycle"],
            "kind": kind,
            "at": step.at,
            "actor_id": step.by,
            "standing_for": None,
            "from_status": changed[0] if changed else None,
            "to_status": changed[1] if changed else None,
            "data": {name: value for name, value in data.items() if value is not None},
        }
        self.pair("ticket_event", row, "why", why)
        self.rows.add("ticket_event", row)
        self.ticket["updated_at"] = step.at

    def move(
        self, move: Move, kind: str, step: Step, /, why: Text = NOTHING, to: Status | None = None, **data: Any
    ) -> None:
        """Change the status and write its timeline entry. Raises Impossible where the table forbids the move."""
        was = Status(self.ticket["status"])
        if not allowed(move, was):
            raise Impossible(f"{move} from {was} in {self.ticket['no']}")
        becomes = to or target_of(move, was)
        self.ticket["status"] = becomes.value
        self.ticket["version"] += 1
        self.note(kind, step, why, (was.value, becomes.value) if was != becomes else None, **data)

    # --- registration -------------------------------------------------------------------------------------------------

    def register(self, given: Registered, id: int, number: TicketNumber) -> None:
        by = self.world.by_id[given.by]
        home = by.department_id if by.registers else self.world.departments["service"]
        product = self.world.products[given.product] if given.product else None
        t = self.ticket
        t.update(
            id=id,
            uid=self.uid(),
            no=number.ticket,
            day=number.day,
            seq=number.seq,
            version=1,
            status=Status.NEW.value,
            channel=given.channel,
            source="page",
            customer_id=self.owner.id,
            product_id=product.id if product else None,
            product_text=product.name if product else "",
            home_department_id=home,
            department_id=home,
            registrar_id=given.by,
            received_at=given.received_at or given.at,
            registered_at=given.at,
            updated_at=given.at,
            cycle=1,
            marks=[],
            priority_rank=9,
            wrong_routings=0,
            reopened=0,
            complaint=False,
        )
        self.pair("ticket", t, "story", given.story)
        self.pair("ticket", t, "remark", given.remark)
        self.write_json("facts", _facts(given))
        self.write_json("axis_notes", {})
        step = Step(given.at, given.by, Do.SAY)
        self.open_cycle(1, given.at)
        self.note(
            "registered",
            step,
            changed=(None, Status.NEW.value),
            channel=given.channel,
            answered=bool(given.answered[0]),
        )
        if given.answered[0]:
            self.write_message(step, "reply", given.answered, state="sent")
            self.answered()
        self.owner.tickets += 1

    def write_json(self, field: str, texts: dict[str, Text]) -> None:
        clear = {name: text.original for name, text in texts.items()}
        sealed = self.owner.seal.seal_json("ticket", f"{field}_sealed", self.ticket["uid"], clear)
        self.ticket[f"{field}_sealed"] = sealed
        self.ticket[f"{field}_redacted"] = {name: text.redacted for name, text in texts.items()}

    def open_cycle(self, n: int, at: datetime, by: int | None = None) -> None:
        self.cycle = {
            "id": self.rows.id("cycle"),
            "uid": self.uid(),
            "ticket_id": self.ticket["id"],
            "n": n,
            "opened_at": at,
            "reopened_by": by,
            "triaged_at": None,
            "first_answer_at": None,
            "started_at": None,
            "resolved_at": None,
            "resolved_by": None,
            "at_once": False,
            "cause_kind": None,
        }
        for field in ("root_cause", "solution", "improvement", "overdue"):
            self.cycle[f"{field}_sealed"], self.cycle[f"{field}_redacted"] = None, ""
        self.rows.add("cycle", self.cycle)
        self.promises = Promises(self.ticket["id"], self.cycle["id"], partial(self.rows.id, "sla_clock"))
        self._clocks.append(self.promises)
        self.messages = []
        self.follow_up, self.attempts = None, []
        wanted = self.promise(ClockKind.RESPONSE, BEFORE_TRIAGE.value, self.start)
        self.promises.set(ClockKind.RESPONSE, wanted, at=at, because="opened")

    # --- clocks -------------------------------------------------------------------------------------------------------

    @property
    def start(self) -> datetime:
        """From when the customer waits in this cycle."""
        found: datetime = self.ticket["received_at"] if self.cycle["n"] == 1 else self.cycle["opened_at"]
        return found

    def promise(self, kind: ClockKind, priority: str, start: datetime) -> Deadline | None:
        return self.world.promise(
            kind,
            channel=self.ticket["channel"],
            category=self.category_code,
            tier=self.owner.tier,
            priority=priority,
            start=start,
        )

    @property
    def category_code(self) -> str | None:
        return self.world.category_codes.get(self.ticket["category_id"])

    def judged(self, at: datetime) -> None:
        """The promises are those of the priority, counted from when the customer began to wait."""
        t, start = self.ticket, self.start
        for kind in (ClockKind.RESPONSE, ClockKind.SOLUTION):
            self.promises.set(kind, self.promise(kind, t["priority"], start), at=at, because="triage")
        self.answered()
        if t["planned_set_at"] is None:
            planned = self._planned_by_default()
            t["planned_for"] = planned.due_at if planned else None
            self.promises.set(ClockKind.PLANNED, planned, at=at, because="triage")

    def _planned_by_default(self) -> Deadline | None:
        priority, start = self.ticket["priority"], self.start
        if solution := self.promise(ClockKind.SOLUTION, priority, start):
            return Deadline(ClockKind.PLANNED, solution.policy_id, start, solution.due_at)
        return self.promise(ClockKind.PLANNED, priority, self.cycle["triaged_at"] or start)

    def plan(self, until: date | datetime, at: datetime) -> None:
        """Set the planned completion; a bare date means the end of its office day."""
        due_at = until if isinstance(until, datetime) else end_of_day(until, self.world.zone)
        row = self.promises.now.get(ClockKind.PLANNED.value)
        start = row["started_at"] if row else self.start
        self.ticket["planned_for"], self.ticket["planned_set_at"] = due_at, at
        wanted = Deadline(ClockKind.PLANNED, None, start, due_at)
        self.promises.set(ClockKind.PLANNED, wanted, at=at, because="planned")

    def answered(self) -> None:
        """The first answer ends the response clock; a promise may end the solution clock."""
        replies = [m for m in self.messages if m["kind"] == "reply" and m["state"] != "withdrawn"]
        self.cycle["first_answer_at"] = replies[0]["at"] if replies else None
        self.promises.end_at(ClockKind.RESPONSE, self.cycle["first_answer_at"])
        solution = self.promises.now.get(ClockKind.SOLUTION.value)
        if solution:
            policy = self.world.policies.get(solution["policy_id"])
            counts = policy is not None and policy.promise_counts
            promised = next((m["at"] for m in replies if m["promised_for"]), None) if counts else None
            ends = [at for at in (promised, self.cycle["resolved_at"]) if at]
            self.promises.end_at(ClockKind.SOLUTION, min(ends, default=None))

    def resume_clocks(self, at: datetime) -> None:
        if self._pause:
            self._pause["ended_at"] = at
            self._pause = None
        self.promises.resume(at)

    def pause_clocks(self, at: datetime) -> None:
        self._pause = {
            "id": self.rows.id("pause"),
            "ticket_id": self.ticket["id"],
            "cycle_id": self.cycle["id"],
            "started_at": at,
            "ended_at": None,
        }
        self.rows.add("pause", self._pause)
        self.promises.pause(at, pauses=self._pauses)

    def _pauses(self, policy_id: int | None) -> bool:
        policy = self.world.policies.get(policy_id or 0)
        return policy is None or policy.pauses_in_waiting

    def cancel_clocks(self, at: datetime) -> None:
        self.resume_clocks(at)
        self.promises.cancel(at)

    # --- messages -----------------------------------------------------------------------------------------------------

    def write_message(
        self,
        step: Step,
        kind: str,
        body: Text,
        *,
        state: str,
        channel: str | None = None,
        promised_for: datetime | None = None,
    ) -> Row:
        row: Row = {
            "id": self.rows.id("message"),
            "uid": self.uid(),
            "ticket_id": self.ticket["id"],
            "cycle_id": self.cycle["id"],
            "kind": kind,
            "channel": channel or self.ticket["channel"],
            "author_id": step.by,
            "automatic": False,
            "state": state,
            "promised_for": promised_for,
            "at": step.at,
            "sent_at": None if state == "queued" else step.at,
        }
        self.pair("message", row, "body", body)
        self.messages.append(row)
        self.rows.add("message", row)
        promised = promised_for.isoformat() if promised_for else None
        self.note("message", step, message=row["id"], kind=kind, promised_for=promised)
        return row

    def say(self, step: Step) -> None:
        g = step.given
        state = "queued" if g.get("queued") else "sent"
        row = self.write_message(
            step, g["kind"], g["body"], state=state, channel=g.get("channel"), promised_for=g.get("promised_for")
        )
        if g["kind"] == "reply":
            self.answered()
        elif g["kind"] == "inbound":
            if self.ticket["status"] == Status.WAITING.value:
                self.resume_clocks(step.at)
                self.move(Move.RESUME, "resumed", step, by_message=row["id"])
            elif self.ticket["status"] == Status.RESOLVED.value:
                self.ticket["flagged_at"] = step.at
                self.note("flagged", step, message=row["id"])

    def withdraw(self, step: Step) -> None:
        row = next(m for m in reversed(self.messages) if m["state"] == "queued")
        row["state"] = "withdrawn"
        self.answered()
        self.note("message_withdrawn", step, message=row["id"])

    # --- the end ------------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Hand the ticket and its clocks over; everything else went into the rows when it happened."""
        clocks = [row for promises in self._clocks for row in promises.rows]
        self.ticket["next_due_at"] = next_due(clocks)
        self.rows.add("ticket", self.ticket)
        for row in clocks:
            self.rows.add("sla_clock", row)


def _facts(given: Registered) -> dict[str, Text]:
    texts = {
        "occurred_at": given.occurred_at,
        "scene": given.scene,
        "expectation": given.expectation,
        "tried": given.tried,
    }
    facts = {name: text for name, text in texts.items() if text.original}
    if given.purchased_on:
        day = given.purchased_on.isoformat()
        facts["purchased_on"] = Text(day, day)
    return facts
