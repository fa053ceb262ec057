"""What a person or program says about a customer, checked for shape and brought into one spelling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from app.customers import normalise
from app.customers.models import ContactKind, CustomerKind, Tier
from app.errors import Invalid
from app.words import Sentence, say

LONGEST_COMPANY = 120
LONGEST_ADDRESS = 300
LONGEST_ID = 64
LONGEST_NOTE = 2000


@dataclass(frozen=True, repr=False)
class GivenCustomer:
    """Everything as typed; empty means not given. The kind is guessed from what is given unless it is said."""

    name: str = ""
    phone: str = ""
    email: str = ""
    company: str = ""
    tier: str | None = None
    address: str = ""
    wechat: str = ""
    kind: str | None = None

    @property
    def contacts(self) -> tuple[tuple[ContactKind, str], ...]:
        """What there is to reach them by, as (kind, value)."""
        pairs = (
            (ContactKind.PHONE, self.phone),
            (ContactKind.EMAIL, self.email),
            (ContactKind.WECHAT, self.wechat),
        )
        return tuple((kind, value) for kind, value in pairs if value)


@dataclass(frozen=True, repr=False)
class CustomerChanges:
    """An edit. None leaves a value, "" takes it out; `contacts` maps the id of a contact to its new value."""

    name: str | None = None
    company: str | None = None
    address: str | None = None
    contacts: Mapping[int, str] = field(default_factory=dict)
    add: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, repr=False)
class GivenPurchase:
    """Something bought. Unknown products stay text."""

    product_id: int | None = None
    batch_id: int | None = None
    product_text: str = ""
    bought_on: date | None = None
    serial: str = ""
    order_no: str = ""
    note: str = ""


Problems = dict[str, list[Sentence]]


def checked(given: GivenCustomer) -> GivenCustomer:
    """The same in one spelling. Raises Invalid with a sentence for each field that has the wrong shape."""
    problems: Problems = {}
    found = replace(
        given,
        name=line(given.name, "name", problems),
        company=line(given.company, "company", problems),
        address=line(given.address, "address", problems),
        phone=contact(ContactKind.PHONE, given.phone, "phone", problems),
        email=contact(ContactKind.EMAIL, given.email, "email", problems),
        wechat=contact(ContactKind.WECHAT, given.wechat, "wechat", problems),
    )
    if given.tier and given.tier not in set(Tier):
        problems["tier"] = [say("客户类型只能是 VIP、老客户或新客户。")]
    if given.kind and given.kind not in set(CustomerKind):
        problems["kind"] = [say("客户种类不对，请重新选择。")]
    refuse(problems)
    return replace(found, tier=given.tier or None, kind=given.kind or _kind(found))


def _kind(given: GivenCustomer) -> CustomerKind:
    if given.company:
        return CustomerKind.COMPANY
    return CustomerKind.PERSON if given.name or given.contacts else CustomerKind.UNKNOWN


def refuse(problems: Problems) -> None:
    """Raise Invalid when there is any problem."""
    if problems:
        raise Invalid(say("客户资料有几处需要修改，还没有保存。"), fields=problems)


def line(text: str, name: str, problems: Problems) -> str:
    """A name, company or address on one line."""
    found = normalise.clean(text)
    longest = {"company": LONGEST_COMPANY, "address": LONGEST_ADDRESS}.get(name)
    if name == "name" and (problem := normalise.name_problem(text)):
        problems.setdefault(name, []).append(problem)
    elif longest and len(found) > longest:
        problems.setdefault(name, []).append(say("太长了，最多 %(n)s 个字。", n=longest))
    return found


def contact(kind: str, text: str, name: str, problems: Problems) -> str:
    """A contact in the spelling it is stored in: digits (转 extension), mail in small letters, an id as typed."""
    found = normalise.clean(text)
    if not found:
        return ""
    problem: Sentence | None = None
    if kind == ContactKind.PHONE:
        if phone := normalise.parse_phone(found):
            return f"{phone.number} 转 {phone.extension}" if phone.extension else phone.number
        problem = normalise.phone_problem(found) or say("电话号码格式不对。")
    elif kind == ContactKind.EMAIL:
        if mail := normalise.parse_email(found):
            return mail
        problem = normalise.email_problem(found) or say("邮箱地址格式不对。")
    elif kind == ContactKind.WECHAT:
        problem = normalise.wechat_problem(found)
    elif kind not in set(ContactKind):
        problem = say("联系方式的种类不对，请重新选择。")
    elif len(found) > LONGEST_ID:
        problem = say("太长了，最多 %(n)s 个字。", n=LONGEST_ID)
    if problem:
        problems.setdefault(name, []).append(problem)
    return found


def reason(text: str) -> str:
    """Why somebody wants to see, export or erase; raises Invalid without one."""
    found = normalise.clean(text)
    if len(found) < 2:
        raise Invalid(say("请写明原因。"), fields={"reason": [say("请写明原因，至少两个字。")]})
    if len(found) > LONGEST_NOTE:
        raise Invalid(
            say("原因太长，还没有保存。"), fields={"reason": [say("太长了，最多 %(n)s 个字。", n=LONGEST_NOTE)]}
        )
    return found
