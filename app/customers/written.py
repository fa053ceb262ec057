"""What people write about a customer: a sealed original and a redacted copy, always set together.

The original is read by those with full sight; the copy feeds lists, search and everybody else. Packages above register
their pairs, so that a name learnt later, an erasure and an export reach every text without knowing whose it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.crypto import Opened, OpenedJson, State, vault
from app.customers.models import Customer, PrivacyRequest, Reveal
from app.customers.personal import NAME_COLUMNS, Personal, RowsOf, customer_key, kept_words, personal_of, register_name
from app.words import N_, Sentence

__all__ = ["NAME_COLUMNS", "register_name"]

ROWS_AT_ONCE = 200
LABELS: Mapping[State, str] = {
    State.DAMAGED: N_("数据已损坏"),
    State.LOCKED: N_("密钥不可用，暂时无法显示"),
    State.ERASED: N_("已删除"),
}


# --- the registry -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pairs:
    """The written columns of one model. `rows_of(customer_id)` is the clause of the rows about that customer."""

    model: type[Any]
    what: str
    texts: tuple[str, ...]
    json: tuple[str, ...]
    plain: tuple[str, ...]
    rows_of: RowsOf
    facts: tuple[str, ...] = ()


PAIRS: list[Pairs] = []


def register(
    model: type[Any],
    *texts: str,
    json: Iterable[str] = (),
    plain: Iterable[str] = (),
    facts: Iterable[str] = (),
    rows_of: RowsOf,
    what: str,
) -> None:
    """Make a model's pairs known. `what` names the section in a customer's export; `plain` are columns without an
    original that went through `redacted`; `facts` are other columns that belong into the export."""
    PAIRS.append(Pairs(model, what, texts, tuple(json), tuple(plain), rows_of, tuple(facts)))


def register_plain(model: type[Any], *columns: str, rows_of: RowsOf) -> None:
    """Plain columns that went through `redacted`: kept free of names that are learnt later, left out of exports."""
    PAIRS.append(Pairs(model, "", (), (), columns, rows_of))


register_plain(Reveal, "reason", rows_of=lambda customer_id: Reveal.customer_id == customer_id)
register_plain(PrivacyRequest, "reason", rows_of=lambda customer_id: PrivacyRequest.customer_id == customer_id)


# --- writing ----------------------------------------------------------------------------------------------------------


def write(
    session: Session,
    row: Any,
    field: str,
    text: str | None,
    *,
    customer: Customer,
    keep: Iterable[str] = (),
    also: Iterable[str] = (),
) -> None:
    """Set `<field>_sealed` and `<field>_redacted`; nothing written empties both.

    `also`: names that hold for this text only; `keep`: words that are no person. Raises Locked without a key and
    Conflict once the customer was erased, and then has changed nothing.
    """
    if not text:
        setattr(row, f"{field}_sealed", None)
        setattr(row, f"{field}_redacted", "")
        return
    key = customer_key(session, customer)
    sealed = vault(session).seal(row, f"{field}_sealed", text, key)
    copy = redacted(session, text, customer=customer, keep=keep, also=also)
    setattr(row, f"{field}_sealed", sealed)
    setattr(row, f"{field}_redacted", copy)


def write_json(
    session: Session,
    row: Any,
    field: str,
    data: Mapping[str, Any],
    *,
    customer: Customer,
    keep: Iterable[str] = (),
    also: Iterable[str] = (),
) -> None:
    """The same for structured facts: every string inside goes through the redactor, other values pass."""
    if not data:
        setattr(row, f"{field}_sealed", None)
        setattr(row, f"{field}_redacted", {})
        return
    key = customer_key(session, customer)
    sealed = vault(session).seal_json(row, f"{field}_sealed", dict(data), key)
    personal = personal_of(session, customer).and_names(also)
    copy = _redact_json(session, dict(data), personal, tuple(keep))
    setattr(row, f"{field}_sealed", sealed)
    setattr(row, f"{field}_redacted", copy)


def redacted(
    session: Session, text: str, *, customer: Customer, keep: Iterable[str] = (), also: Iterable[str] = ()
) -> str:
    """A text for a plain column: the customer's own values and whatever looks like personal data are taken out."""
    if not text:
        return ""
    return _redact(session, text, personal_of(session, customer).and_names(also), tuple(keep))


def _redact(session: Session, text: str, personal: Personal, keep: tuple[str, ...] = ()) -> str:
    return personal.redact(storable(text), (*keep, *kept_words(session, text)))


def storable(text: str) -> str:
    """The original may hold anything that can be typed or sent; a text column takes neither NUL nor half a pair."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _redact_json(session: Session, data: Any, personal: Personal, keep: tuple[str, ...] = ()) -> Any:
    if isinstance(data, str):
        return _redact(session, data, personal, keep)
    if isinstance(data, Mapping):
        return {name: _redact_json(session, value, personal, keep) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [_redact_json(session, value, personal, keep) for value in data]
    return data


# --- reading ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """A text as somebody may see it. Where there is none to see, `text` is empty and `label` says why."""

    text: str = field(repr=False)
    redacted: bool = False
    damaged: bool = False
    state: State = State.OPEN
    label: Sentence | None = None

    def __bool__(self) -> bool:
        return bool(self.text or self.label)

    def __str__(self) -> str:
        return self.text or (str(self.label) if self.label else "")


@dataclass(frozen=True)
class ShownJson:
    """Structured facts as somebody may see them; `data` is always a dictionary."""

    data: dict[str, Any] = field(repr=False)
    redacted: bool = False
    damaged: bool = False
    state: State = State.OPEN
    label: Sentence | None = None


def label_of(state: State) -> Sentence | None:
    """The words to show in place of a value that can't be opened."""
    return Sentence(LABELS[state]) if state in LABELS else None


def preload(session: Session, *groups: Iterable[Any]) -> None:
    """Fetch the keys of a page's rows in one query. Needed only where originals will be read."""
    vault(session).preload(row for group in groups for row in group)


def read(session: Session, row: Any, field: str, *, full: bool) -> Shown:
    """The original, or the redacted copy for those without full sight. Never raises.

    Once the customer was erased everybody sees the copy: it is what remains.
    """
    copy = getattr(row, f"{field}_redacted")
    if not full:
        return Shown(copy, redacted=True)
    opened: Opened = vault(session).open(row, f"{field}_sealed")
    if opened.ok:
        return Shown(opened.text or "", state=opened.state)
    if opened.state is State.ERASED and copy:
        return Shown(copy, redacted=True, state=opened.state)
    return Shown("", damaged=opened.state is State.DAMAGED, state=opened.state, label=label_of(opened.state))


def read_json(session: Session, row: Any, field: str, *, full: bool) -> ShownJson:
    """The same for structured facts."""
    copy = dict(getattr(row, f"{field}_redacted") or {})
    if not full:
        return ShownJson(copy, redacted=True)
    opened: OpenedJson = vault(session).open_json(row, f"{field}_sealed")
    if opened.ok:
        return ShownJson(dict(opened.data or {}), state=opened.state)
    if opened.state is State.ERASED and copy:
        return ShownJson(copy, redacted=True, state=opened.state)
    return ShownJson({}, damaged=opened.state is State.DAMAGED, state=opened.state, label=label_of(opened.state))


# --- all texts of one customer ----------------------------------------------------------------------------------------


def rows_about(session: Session, customer: Customer, pairs: Pairs) -> Iterator[Sequence[Any]]:
    """The rows of a model that are about a customer, in batches whose keys are loaded."""
    after = 0
    while True:
        query = select(pairs.model).where(pairs.rows_of(customer.id), pairs.model.id > after).order_by(pairs.model.id)
        rows = session.scalars(query.limit(ROWS_AT_ONCE)).all()
        if not rows:
            return
        vault(session).preload(rows)
        yield rows
        after = rows[-1].id


def reredact(session: Session, customer: Customer, now: datetime, *, also: Iterable[str] = ()) -> int:
    """Make every redacted copy about a customer anew with what is known now; how many texts changed.

    Idempotent. Where an original can't be opened, its copy is redacted once more.
    """
    personal = personal_of(session, customer).and_names(also)
    return sum(
        _renew(session, row, pairs, personal)
        for pairs in PAIRS
        for rows in rows_about(session, customer, pairs)
        for row in rows
    )


def _renew(session: Session, row: Any, pairs: Pairs, personal: Personal) -> int:
    changed = 0
    for name in pairs.texts:
        opened = vault(session).open(row, f"{name}_sealed")
        changed += _set(
            row, f"{name}_redacted", _redact(session, opened.text or getattr(row, f"{name}_redacted"), personal)
        )
    for name in pairs.json:
        found = vault(session).open_json(row, f"{name}_sealed")
        facts = found.data if found.data is not None else getattr(row, f"{name}_redacted")
        changed += _set(row, f"{name}_redacted", _redact_json(session, facts, personal))
    for name in pairs.plain:
        longest = getattr(pairs.model, name).type.length
        changed += _set(row, name, _redact(session, getattr(row, name) or "", personal)[:longest])
    return changed


def _set(row: Any, attribute: str, value: Any) -> int:
    if (getattr(row, attribute) or type(value)()) == value:
        return 0
    setattr(row, attribute, value)
    return 1


def empty_where_named(session: Session, customer: Customer, personal: Personal) -> int:
    """The last step before a customer's keys are destroyed: a copy that still shows a name in any spelling is emptied,
    because afterwards nobody could find it again. How many were emptied."""
    emptied = 0
    for pairs in PAIRS:
        for rows in rows_about(session, customer, pairs):
            for row in rows:
                for name in (*(f"{text}_redacted" for text in pairs.texts), *pairs.plain):
                    if personal.stands_in(getattr(row, name) or ""):
                        setattr(row, name, "")
                        emptied += 1
                for name in (f"{facts}_redacted" for facts in pairs.json):
                    if personal.stands_in(str(getattr(row, name) or "")):
                        setattr(row, name, {})
                        emptied += 1
    return emptied
