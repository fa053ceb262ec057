"""People who are easy to find again: every value of theirs carries a mark, so one look at a file finds them all."""

import base64
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.orm import Base

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
GIVEN = "安柏辰登恩帆歌海嘉凯岚明宁欧鹏其若森桐薇翔悦泽卓冬夏秋春梅竹兰菊松柳枫桦杉榆槐椿萱芷蕙荷蓉莲蔷茉萍薄"
MARK = "燚"  # stands in every planted name and street, and in no other text of the program

PHONE = re.compile(rb"1999[ -]?(\d{3})[ -]?(\d{4})")
SPACED = re.compile(rb"199[ -]9(\d{3})[ -](\d{4})")
MAIL = re.compile(rb"p(\d{1,5})@planted\.example\.cn")
STREET = re.compile(f"{MARK}{MARK}路(\\d{{1,5}})号".encode())
NAME = re.compile(rb"[\xe4-\xe9][\x80-\xbf]{2}" + MARK.encode() + rb"[\xe4-\xe9][\x80-\xbf]{2}")


@dataclass(frozen=True)
class Person:
    n: int

    @property
    def name(self) -> str:
        return SURNAMES[self.n % len(SURNAMES)] + MARK + GIVEN[self.n // len(SURNAMES) % len(GIVEN)]

    @property
    def digits(self) -> str:
        return f"1999{self.n * 7919 % 10_000_000:07d}"

    @property
    def phone(self) -> str:
        """As people type it, in one of four ways."""
        d = self.digits
        return (d, f"{d[:3]} {d[3:7]} {d[7:]}", f"+86 {d[:3]}-{d[3:7]}-{d[7:]}", f"{d[:3]}-{d[3:7]}-{d[7:]}")[
            self.n % 4
        ]

    @property
    def mail(self) -> str:
        return f"p{self.n}@planted.example.cn"

    @property
    def address(self) -> str:
        return f"浙江省杭州市西湖区{MARK}{MARK}路{self.n}号"

    @property
    def story(self) -> str:
        ways = f"请打 {self.phone} 或写信到 {self.mail}，也可上门：{self.address}。"
        return f"{self.name}来电，设备充电 1 小时只到 20%。{ways}"


def found_in(data: bytes, people: Iterable[Person]) -> set[str]:
    """Which planted values stand in these bytes in clear (UTF-8), as kind and running number, never the value."""
    people = list(people)
    by_name = {person.name.encode(): person.n for person in people}
    by_phone = {person.digits[4:].encode(): person.n for person in people}
    numbers = {str(person.n).encode() for person in people}
    found = {f"phone {by_phone[m[1] + m[2]]}" for m in PHONE.finditer(data) if m[1] + m[2] in by_phone}
    found |= {f"phone {by_phone[m[1] + m[2]]}" for m in SPACED.finditer(data) if m[1] + m[2] in by_phone}
    found |= {f"mail {int(m[1])}" for m in MAIL.finditer(data) if m[1] in numbers}
    found |= {f"address {int(m[1])}" for m in STREET.finditer(data) if m[1] in numbers}
    found |= {f"name {by_name[m[0]]}" for m in NAME.finditer(data) if m[0] in by_name}
    return found


def found_in_files(folder: Path, people: Iterable[Person]) -> dict[str, set[str]]:
    """Every file below the folder: database, write-ahead log, indexes, attachments, whatever there is."""
    people = list(people)
    return {
        str(path.relative_to(folder)): found
        for path in sorted(folder.rglob("*"))
        if path.is_file() and (found := found_in(path.read_bytes(), people))
    }


def found_in_tables(session: Session, people: Iterable[Person]) -> dict[str, set[str]]:
    """Every row of every table as PostgreSQL prints it; binary columns come as hex and are read as bytes too."""
    people, found = list(people), dict[str, set[str]]()
    for table in Base.metadata.sorted_tables:
        rows = session.execute(text(f'select t::text from "{table.name}" t')).scalars()
        printed = "\n".join(rows)
        binary = b"\n".join(bytes.fromhex(hexed) for hexed in re.findall(r"\\\\x((?:[0-9a-f]{2})+)", printed))
        if here := found_in(printed.encode() + b"\n" + binary, people):
            found[table.name] = here
    return found


def found_in_cluster(session: Session, people: Iterable[Person]) -> dict[str, set[str]]:
    """The files of this database and the server's write-ahead log, where this account may read them."""
    folder = Path(str(session.execute(text("show data_directory")).scalar_one()))
    oid = session.execute(text("select oid from pg_database where datname = current_database()")).scalar_one()
    people, found = list(people), dict[str, set[str]]()
    for path in [*folder.glob(f"base/{oid}/*"), *folder.glob("pg_wal/*")]:
        try:
            data = path.read_bytes() if path.is_file() else b""
        except OSError:
            continue  # another account's server, or a log file that was recycled just now
        if here := found_in(data, people):
            found[str(path.relative_to(folder))] = here
    return found


def opened_cookie(value: str) -> bytes:
    """What a signed session cookie holds: anybody with the browser can read it."""
    packed = value.startswith(".")
    body = value.lstrip(".").split(".")[0].encode()
    try:
        raw = base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4))
        return zlib.decompress(raw) if packed else raw
    except (ValueError, zlib.error):
        return b""
