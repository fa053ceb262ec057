"""Every route × person × object, through pages and API: the permission table alone says who gets what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from html import escape
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from app import clock
from app.accounts.models import User, UserSession
from app.policy import Action, Actor, Reach, may, within
from app.web.access import Access, declared
from tests.cast import PEOPLE
from tests.doors import examples_admin
from tests.doors.examples import CASES, Case, Where
from tests.doors.ground import DEPUTY, GONE, MANAGER, NOBODY, PLANTED, SERIALS, STRANGERS, THING_OF_NOBODY, Thing, World

assert examples_admin  # adds its doors

EVERYBODY = (*PEOPLE, MANAGER, DEPUTY, NOBODY, GONE)
READ = ("GET", "HEAD")
# What an answer may leave behind although nobody changed anything: that somebody was there, or was refused.
TRACES = {"audit_entry", "audit_head", "user_session", "api_token", "throttle"}
ANSWERS_503 = {"health.ready"}  # says that no worker runs here
OTHERS = {"lin": "sun"}  # whose rows are somebody else's; sun's for everybody but sun


def doors(app: Flask) -> Iterator[tuple[str, str]]:
    """Every route of the application with each of its methods."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule.endpoint, method


def test_every_route_has_an_example(standing_app: Flask) -> None:
    missing = sorted(set(doors(standing_app)) - set(CASES))
    assert not missing, f"no example in tests/doors/examples.py for {missing}"


def test_every_route_says_whom_it_is_for(standing_app: Flask) -> None:
    silent = [door for door in doors(standing_app) if declared(standing_app, *door) is None]
    assert not silent


def test_only_these_routes_are_open_to_all(standing_app: Flask) -> None:
    """A new public route is a decision: it is written down here."""
    found = {
        endpoint for endpoint, method in doors(standing_app) if not _access(standing_app, endpoint, method).actions
    }
    assert found == {
        "api_document.openapi",
        "auth.code",
        "auth.forgot",
        "auth.language",
        "auth.login",
        "auth.logout",
        "auth.reset",
        "auth.reset_link",
        "health.alive",
        "health.ready",
    }


@pytest.mark.timeout(240)
@pytest.mark.parametrize("person", EVERYBODY)
def test_the_table_alone_decides(world: World, person: str) -> None:
    walk = Walk(world, person)
    for endpoint, method in doors(world.app):
        for case in CASES[endpoint, method]:
            walk.knock(endpoint, method, case)
    assert not walk.faults, "\n".join([f"{len(walk.faults)} of {walk.count} answers:", *walk.faults[:60]])


def _access(app: Flask, endpoint: str, method: str) -> Access:
    access = declared(app, endpoint, method)
    assert access is not None
    return access


class Walk:
    """One person at every door; what is wrong is collected, so that one run tells everything."""

    def __init__(self, world: World, person: str) -> None:
        self.world, self.person, self.actor = world, person, world.actors[person]
        self.urls = world.app.url_map.bind("localhost")
        self.faults: list[str] = []
        self.count = 0
        self.named: dict[tuple[str, str], bytes] = {}
        self.unseen = _numbers_out_of_sight(world, self.actor)

    def knock(self, endpoint: str, method: str, case: Case) -> None:
        access = _access(self.world.app, endpoint, method)
        unknown: TestResponse | None = None
        subjects = sorted(case.subjects(), key=lambda name: name != "nothing")
        if access.actions and not any(may(self.actor, action) for action in access.actions):
            subjects = subjects[-1:]  # refused before anybody asks what it is about
        for subject in self.unlike(case, subjects):
            where = self.where(case, subject)
            path = self.urls.build(endpoint, case.path_args(where), method)
            answer = self.send(method, path, case, where)
            name = f"{method} {path} {case.say} as {self.person} about {subject or 'nothing in particular'}"
            expected = self.expected(endpoint, access, case, where, subject)
            self.check(name, answer, expected, access)
            self.check_told(name, answer, case, where)
            if method == "GET":
                self.check_unwritten(name, case)
            if case.sees and expected == {404, 422}:
                self.check_named(name, endpoint, subject, answer, where, self.world.things[case.sees])
            if subject == "nothing":
                unknown = answer
            elif expected == {404} and unknown is not None and not case.gone:
                self.check_alike(name, answer, unknown, where)

    def unlike(self, case: Case, subjects: list[str]) -> Iterator[str]:
        """Of things at the same distance from the person (own, department's, other …) the first one is enough."""
        met: set[object] = set()
        for subject in subjects:
            facts = self.world.things[subject].facts if case.about in ("ticket", "follow_up") else None
            distance = facts and self.actor and tuple(within(self.actor, reach, facts) for reach in Reach)
            if distance is None or distance not in met or subject in case.things:
                yield subject
            met.add(distance)

    def where(self, case: Case, subject: str) -> Where:
        if case.about == "own":
            owner = self.person if subject == "own" else "sun" if self.person != "sun" else "tang"
            row = None if subject == "nothing" else self.world.belongings.get(owner)
            return Where(self.world, self.person, row=row)
        return Where(self.world, self.person, self.world.things.get(subject, THING_OF_NOBODY))

    def send(self, method: str, path: str, case: Case, where: Where) -> TestResponse:
        self.count += 1
        query = case.filled("query", where) or None
        if method in ("GET", "DELETE"):
            return self.world.once(self.person, method, path, query=query)
        if path.startswith("/api/"):
            return self.world.once(self.person, method, path, query=query, json=case.filled("json", where))
        return self.world.once(self.person, method, path, query=query, form=case.filled("form", where))

    def sent_to(self, place: str, endpoint: str, method: str) -> list[str]:
        """What is wrong, unless the first example of the door leads to this place and does nothing."""
        case = CASES[endpoint, method][0]
        where = self.where(case, case.subjects()[0])
        path = self.urls.build(endpoint, case.path_args(where), method)
        answer = self.send(method, path, case, where)
        faults = [] if answer.headers.get("Location", "").startswith(place) else [f"{path}: {answer.status_code}"]
        changed = set(self.world.written) - TRACES - {"draft", "data_key"}
        return faults + ([f"{path}: wrote to {sorted(changed)}"] if changed else [])

    # --- what the table says ---

    def expected(self, endpoint: str, access: Access, case: Case, where: Where, subject: str) -> set[int]:
        """The statuses that are right; empty: anything but a refusal."""
        if not access.actions:
            return set()
        if self.actor is None:
            return {401} if endpoint.startswith("api_") else {303}
        if not any(may(self.actor, action) for action in access.actions):
            return {403}
        if case.about == "own":
            return set() if subject == "own" else {404}
        if not self._knows(case, where):
            return {404}
        return self._rights(access, case, where)

    def _knows(self, case: Case, where: Where) -> bool:
        """May the person know of what the request is about?"""
        if case.about in ("ticket", "follow_up"):
            return where.thing.exists and may(self.actor, Action.TICKET_SEE, where.thing.facts)
        return case.about != "customer" or where.thing.exists

    def _rights(self, access: Access, case: Case, where: Where) -> set[int]:
        assert self.actor is not None
        facts = where.thing.facts if case.about in ("ticket", "follow_up") else None
        may_do = any(may(self.actor, action, facts) for action in case.needs or access.actions)
        refused: set[int] = set() if may_do else {403}
        if case.sees:
            other = self.world.things[case.sees]
            if not (other.exists and may(self.actor, Action.TICKET_SEE, other.facts)):
                refused |= {404, 422}  # not there, or said beside the field: alike for both, see `check_named`
        if case.gone:
            return refused | {404, 403} if case.also and not case.also(where, self.actor) else {404}
        if may_do and case.also is not None and not case.also(where, self.actor):
            refused |= {403, 409}
        return refused

    # --- what came back ---

    def check(self, name: str, answer: TestResponse, expected: set[int], access: Access) -> None:
        got = answer.status_code
        place = answer.headers.get("Location", "")
        if got == 500 or (got > 500 and "/readyz" not in name):
            self.faults.append(f"{name}: {got}")
        elif expected and got not in expected:
            self.faults.append(f"{name}: {got}, the table says {sorted(expected)}")
        elif expected == {303} and not place.startswith("/login"):
            self.faults.append(f"{name}: sent to {place}, not to the login")
        elif not expected and self.actor is not None and _refused(got, place, bool(access.actions)):
            self.faults.append(f"{name}: {got} {place}, the table allows it")

    def check_told(self, name: str, answer: TestResponse, case: Case, where: Where) -> None:
        """No value of a customer, and no number of a ticket, that the person may not know."""
        told = answer.get_data() + str(answer.headers).encode()
        sent = str([case.filled(part, where) for part in ("query", "form", "json")])
        for key, secrets in _SECRETS.items():
            found = {secret.decode() for secret in secrets if secret in told and secret.decode() not in sent}
            if found and not self._may_read(key, case, where, answer):
                self.faults.append(f"{name}: tells {found}")
        asked = {where.thing.ticket_no, where.thing.follow_up_no}
        for number in () if case.audits else self.unseen:
            if number not in asked and number not in sent and number.encode() in told:
                self.faults.append(f"{name}: tells of {number}")

    def _may_read(self, key: str, case: Case, where: Where, answer: TestResponse) -> bool:
        if self.actor is None:
            return False
        if case.shows and answer.status_code in (200, 201) and key in (case.shows_of, where.thing.customer):
            return True
        if case.joins == self.actor.login and answer.status_code == 200:
            return True
        if where.thing.customer != key and not case.by_right:
            return False
        if case.about == "customer" or case.by_right:
            return any(may(self.actor, Action.PERSONAL_SEE, facts) for facts in self.world.customers[key])
        return may(self.actor, Action.PERSONAL_SEE, where.thing.facts)

    def check_unwritten(self, name: str, case: Case) -> None:
        if changed := set(self.world.written) - TRACES - set(case.marks):
            self.faults.append(f"{name}: a GET wrote to {sorted(changed)}")

    def check_named(
        self, name: str, endpoint: str, subject: str, answer: TestResponse, where: Where, named: Thing
    ) -> None:
        """The same for a ticket that the request only names."""
        plain = _plain(answer, where).replace(named.ticket_no.encode(), b"NUMBER")
        if self.named.setdefault((endpoint, subject), plain) != plain:
            self.faults.append(f"{name}: naming what is there reads otherwise than naming what isn't")

    def check_alike(self, name: str, answer: TestResponse, unknown: TestResponse, where: Where) -> None:
        """What one may not know of reads exactly like what isn't there."""
        if _plain(answer, where) != _plain(unknown, where):
            self.faults.append(f"{name}: another 404 than for what doesn't exist")


def _spellings(value: str) -> set[bytes]:
    """A value as it may stand in HTML, in JSON and in an address."""
    return {value.encode(), json.dumps(value)[1:-1].encode(), quote(value).encode(), escape(value).encode()}


_SECRETS = {
    key: [
        spelling
        for value in (who.name, who.phone, who.email, who.company, who.address, SERIALS[key])
        for spelling in _spellings(value)
    ]
    for key, who in PLANTED.items()
}
PASSING = re.compile(
    rb'csrf[-_]token" (?:value|content)="[^"]*"|"server-now" content="[^"]*"|"request_id": ?"[^"]*"|[0-9a-f]{32}'
    rb"|(?:X-Request-Id|Date|Set-Cookie|Etag): .*",
    re.IGNORECASE,
)


def _plain(answer: TestResponse, where: Where) -> bytes:
    """Status, headers and body without what differs from request to request."""
    whole = b"%d " % answer.status_code + str(answer.headers).encode() + answer.get_data()
    for number in (where.thing.ticket_no, where.thing.follow_up_no, where.thing.customer_no):
        whole = whole.replace(number.encode(), b"NUMBER")
    for number in (THING_OF_NOBODY.ticket_no, THING_OF_NOBODY.follow_up_no, THING_OF_NOBODY.customer_no):
        whole = whole.replace(number.encode(), b"NUMBER")
    return PASSING.sub(b"", re.sub(rb"Content-Length: \d+", b"", whole))


def _refused(got: int, place: str, guarded: bool) -> bool:
    """Where the table says yes. What is open to all may lead to the login and know of dead links."""
    return got in (401, 403) or (guarded and (got == 404 or place.startswith(("/login", "/step-up"))))


def _numbers_out_of_sight(world: World, actor: Actor | None) -> set[str]:
    hidden = [t for t in world.things.values() if t.facts and not may(actor, Action.TICKET_SEE, t.facts)]
    numbers = {thing.ticket_no for thing in hidden} | {thing.follow_up_no for thing in hidden}
    return numbers - {THING_OF_NOBODY.follow_up_no}


def test_strangers_are_strangers() -> None:
    assert set(STRANGERS) < set(EVERYBODY)


# --- further locks on some doors --------------------------------------------------------------------------------------


def test_sensitive_doors_ask_for_the_password_again(world: World) -> None:
    """Signed in a while ago is not enough: nothing is done, nothing is shown."""
    faults, count = [], 0
    for walk, endpoint, method in _guarded(world):
        access = _access(world.app, endpoint, method)
        if access.step_up:
            with world.undone():
                mine = update(UserSession).where(UserSession.user_id == world.ids[walk.person])
                world.connection.execute(mine.values(step_up_at=None))
                faults += walk.sent_to("/step-up", endpoint, method)
            count += 1
    assert count > 10
    assert not faults, "\n".join(faults)


def test_who_must_change_the_password_does_that_first(world: World) -> None:
    faults = []
    for walk, endpoint, method in _guarded(world):
        access = _access(world.app, endpoint, method)
        if access.actions and not access.limited and not endpoint.startswith("api_"):
            with world.undone():
                me = update(User).where(User.id == world.ids[walk.person])
                world.connection.execute(me.values(must_change_password=True))
                faults += walk.sent_to("/me/password", endpoint, method)
    assert not faults, "\n".join(faults)


def test_a_session_that_ended_opens_nothing(world: World) -> None:
    """Signed out elsewhere, an hour idle, twelve in all, or the rights of another epoch."""
    now = clock.now()
    for change in (
        {"ended_at": now},
        {"seen_at": now - timedelta(hours=1, minutes=1)},
        {"created_at": now - timedelta(hours=12, minutes=1)},
        {"epoch": 99},
        {"second_factor_pending": True},
    ):
        with world.undone():
            world.connection.execute(update(UserSession).where(UserSession.user_id == world.ids["zhou"]).values(change))
            for path in ("/", "/tickets", "/me", "/customers", "/admin/"):
                answer = world.ask("zhou", "GET", path)
                assert (answer.status_code, answer.headers["Location"][:6]) == (303, "/login"), (change, path)


def _guarded(world: World) -> Iterator[tuple[Walk, str, str]]:
    """Every door with somebody who may use it."""
    walks = [Walk(world, person) for person in ("zhou", "root", "he")]
    for endpoint, method in doors(world.app):
        actions = _access(world.app, endpoint, method).actions
        for walk in walks:
            if any(may(walk.actor, action) for action in actions):
                yield walk, endpoint, method
                break
