"""Customers: people, companies, callers without data and colleagues, each with a data key and findable contacts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from app.crypto.blind import Kind, digest_with
from app.customers.models import ContactKind, CustomerKind, Tier
from app.demo import catalogue, names
from app.demo.history import Owner
from app.demo.rows import Row, Rows
from app.demo.sealing import Keys, Sealer
from app.demo.world import Member, World

# Consecutive numbers scattered over the eight digits after the prefix; coprime with their range, so none repeats.
_STRIDE, _RANGE = 61_803_399, 100_000_000
_SERIALS = {made.code: made.serial for made in catalogue.PRODUCTS}


@dataclass(frozen=True)
class Bought:
    product: str  # code
    batch: str
    on: date
    order_no: str
    serial: str


@dataclass(frozen=True)
class Client:
    """A customer as the stories know them."""

    owner: Owner
    kind: str
    mr: str  # surname with title; empty for a caller without data
    phone: str
    address: str
    city: str
    bought: tuple[Bought, ...] = ()

    @property
    def personal(self) -> Mapping[str, str]:
        return {"mr": self.mr, "phone": self.phone, "address": self.address}


@dataclass(frozen=True)
class Wanted:
    """What is decided of a customer before there is one."""

    kind: str
    tier: str = Tier.NEW.value
    flagged: bool = False
    name: str = ""  # set for the people of the official samples
    title: str = ""
    products: tuple[str, ...] = ()
    bought_on: date | None = None
    batch: str = ""
    staff: Member | None = None


class Crowd:
    """Makes customers one after the other; everything comes from the seed but the keys."""

    def __init__(self, world: World, rows: Rows, random: Random, keys: Keys) -> None:
        self._world, self._rows, self._random, self._keys = world, rows, random, keys
        self._made = 0
        self.months: dict[str, int] = {}

    def add(self, wanted: Wanted, at: datetime, by: int) -> Client:
        self._made += 1
        random = self._random
        seal = Sealer(self._uid(), self._keys.field)
        key = wanted.tier == Tier.VIP or wanted.flagged
        owner = Owner(self._rows.id("customer"), wanted.tier, key, seal, wanted.staff.id if wanted.staff else None)
        name, mr = self._name(wanted)
        place = random.choice(names.PLACES)
        known = wanted.kind in (CustomerKind.PERSON, CustomerKind.COMPANY)
        phone = f"154{self._made * _STRIDE % _RANGE:08d}" if known else ""
        address = self._address(place) if known and random.random() < 0.7 else ""
        company = random.choice(names.COMPANY_HEADS) + random.choice(names.COMPANY_KINDS)
        self._rows.add("data_key", seal.row(self._rows.id("data_key"), owner.id, at))
        row: Row = {
            "id": owner.id,
            "uid": self._uid(),
            "no": self._number(at),
            "kind": wanted.kind,
            "tier": wanted.tier,
            "flagged": wanted.flagged,
            "staff_id": wanted.staff.id if wanted.staff else None,
            "created_at": at,
            "created_by": by,
            "merged_into_id": None,
            "erased_at": None,
            "version": 1,
        }
        values = {"name": name, "company": company if wanted.kind == CustomerKind.COMPANY else "", "address": address}
        for column, value in values.items():
            row[column] = seal.seal("customer", column, row["uid"], value)
        self._rows.add("customer", row)
        if known:
            self._contacts(owner, seal, phone, at)
        bought = tuple(self._purchase(owner, seal, code, wanted, at) for code in wanted.products)
        return Client(owner, wanted.kind, mr, phone, address, place[0], bought)

    def _uid(self) -> str:
        return f"{self._random.getrandbits(128):032x}"

    def _number(self, at: datetime) -> str:
        month = f"{at.astimezone(self._world.zone):%Y%m}"
        self.months[month] = self.months.get(month, 0) + 1
        return f"C{month}{self.months[month]:03d}"

    def _name(self, wanted: Wanted) -> tuple[str, str]:
        """Full name, and surname with title."""
        random = self._random
        if wanted.staff:
            return wanted.staff.name, ""
        if wanted.kind == CustomerKind.UNKNOWN:
            return "", ""
        if wanted.name:
            return wanted.name, wanted.name[0] + wanted.title
        surname = random.choice(names.SURNAMES)
        if random.random() < 0.5:
            return surname + random.choice(names.WOMEN), surname + "女士"
        return surname + random.choice(names.MEN), surname + "先生"

    def _address(self, place: tuple[str, str, str]) -> str:
        random = self._random
        return (
            f"{place[2]}{place[1]}{random.choice(names.STREETS)} {random.randint(1, 398)} 号"
            f"{random.choice(names.ESTATES)} {random.randint(1, 28)} 幢 {random.randint(1, 25)}0{random.randint(1, 4)} 室"
        )

    def _contacts(self, owner: Owner, seal: Sealer, phone: str, at: datetime) -> None:
        found = [(ContactKind.PHONE, phone)]
        if self._random.random() < 0.4:
            found.append((ContactKind.EMAIL, f"kh{phone[3:]}@example.com"))
        if self._random.random() < 0.25:
            found.append((ContactKind.WECHAT, f"wx_{phone[5:]}"))
        for position, (kind, value) in enumerate(found):
            uid = self._uid()
            row: Row = {
                "id": self._rows.id("contact"),
                "uid": uid,
                "customer_id": owner.id,
                "kind": kind.value,
                "value": seal.seal("contact", "value", uid, value),
                "position": position,
                "created_at": at,
            }
            self._rows.add("contact", row)
            self._findable(owner.id, kind, value)

    def _findable(self, customer_id: int, kind: ContactKind, value: str) -> None:
        terms: tuple[tuple[Kind, str], ...] = ()
        if kind is ContactKind.PHONE:
            terms = ((Kind.PHONE, value), (Kind.LAST4, value[-4:]))
        elif kind is ContactKind.EMAIL:
            terms = ((Kind.EMAIL, value),)
        for term, normalised in terms:
            row: Row = {
                "id": self._rows.id("contact_index"),
                "customer_id": customer_id,
                "kind": term.value,
                "key_id": self._keys.index.id,
                "digest": digest_with(self._keys.index, term, normalised).digest,
            }
            self._rows.add("contact_index", row)

    def _purchase(self, owner: Owner, seal: Sealer, code: str, wanted: Wanted, at: datetime) -> Bought:
        random, ware = self._random, self._world.products[code]
        batch = wanted.batch or random.choice(tuple(ware.batches))
        on = wanted.bought_on or (at - timedelta(days=random.randint(9, 420))).astimezone(self._world.zone).date()
        bought = Bought(
            code,
            batch,
            on,
            f"LY{on:%y%m%d}{random.randrange(1_000_000):06d}",
            f"{_SERIALS[code]}{batch[1:]}{random.randrange(100_000):05d}",
        )
        uid = self._uid()
        facts = {"bought_on": on.isoformat(), "serial": bought.serial, "order_no": bought.order_no}
        row: Row = {
            "id": self._rows.id("purchase"),
            "uid": uid,
            "customer_id": owner.id,
            "product_id": ware.id,
            "batch_id": ware.batches[batch],
            "facts": seal.seal_json("purchase", "facts", uid, facts),
            "created_at": at,
        }
        self._rows.add("purchase", row)
        return bought
