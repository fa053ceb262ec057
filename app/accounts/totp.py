"""The second factor: codes of an authenticator app, and ten recovery codes for the day the phone is lost."""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime

import pyotp
import segno
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from app.accounts.digests import digest_of
from app.accounts.models import RecoveryCode, User
from app.audit.trail import record
from app.crypto import OWNER_SYSTEM, vault
from app.errors import Conflict, Invalid
from app.policy import Actor
from app.words import say

STEP_SECONDS = 30
RECOVERY_CODES = 10
ISSUER = "Bihuan"
WRONG = say("验证码不对或已经用过。请等待下一个验证码再输入；手机时间要准。")


def begin(session: Session, user: User, *, now: datetime) -> str:
    """Give the account a new seed, not in force before `confirm`. The seed, to be shown once as a QR code."""
    if user.totp_confirmed_at is not None:
        raise Conflict(say("两步验证已经开启。要更换手机，请先关闭再重新开启。"))
    seed = pyotp.random_base32()
    safe = vault(session)
    user.totp = safe.seal(user, "totp", seed, safe.ensure_key(OWNER_SYSTEM, 0, now))
    user.totp_last_step = None
    session.flush()
    return seed


def seed_in_setup(session: Session, user: User) -> str | None:
    """The seed while it is being set up: the page is drawn again when a code was mistyped."""
    return vault(session).open(user, "totp").text if user.totp_confirmed_at is None else None


def qr_code(seed: str, login: str) -> str:
    """A picture (data URI) for the authenticator app."""
    uri = pyotp.TOTP(seed).provisioning_uri(name=login, issuer_name=ISSUER)
    picture: str = segno.make(uri, error="m").svg_data_uri(scale=5, border=3, light="#fff")
    return picture


def confirm(session: Session, user: User, code: str, *, by: Actor, now: datetime) -> list[str]:
    """Put the second factor in force after one right code. The recovery codes, shown once."""
    if user.totp_confirmed_at is not None:
        raise Conflict(say("两步验证已经开启。"))
    if user.totp is None or not _code_is_right(session, user, code, now):
        raise Invalid(WRONG, fields={"code": [WRONG]})
    user.totp_confirmed_at = now
    record(session, by, "user.second_factor_on", user, at=now)
    return renew_recovery_codes(session, user, by=by, now=now)


def renew_recovery_codes(session: Session, user: User, *, by: Actor, now: datetime) -> list[str]:
    """Replace all recovery codes; the new ones are shown once."""
    codes = [_new_code() for _ in range(RECOVERY_CODES)]
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    session.add_all(RecoveryCode(user_id=user.id, digest=digest_of(_plain(code))) for code in codes)
    record(session, by, "user.recovery_codes", user, at=now)
    session.flush()
    return codes


def recovery_codes_left(session: Session, user: User) -> int:
    unused = select(func.count()).where(RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None))
    return session.scalar(unused) or 0


def turn_off(session: Session, user: User, *, by: Actor | None, now: datetime) -> None:
    """Forget seed and recovery codes."""
    user.totp, user.totp_confirmed_at, user.totp_last_step = None, None, None
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    record(session, by, "user.second_factor_off", user, at=now)
    session.flush()


def check(session: Session, user: User, code: str, *, now: datetime) -> bool:
    """Is this a fresh code of the app or an unused recovery code? Either is good once, however many ask at once."""
    if user.totp_confirmed_at is None:
        return False
    return _code_is_right(session, user, code, now) or _spend_recovery_code(session, user, code, now)


def _code_is_right(session: Session, user: User, code: str, now: datetime) -> bool:
    seed = vault(session).open(user, "totp").text
    digits = "".join(code.split())
    if seed is None or len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return False
    present = int(now.timestamp()) // STEP_SECONDS
    app = pyotp.TOTP(seed, interval=STEP_SECONDS)
    right = [step for step in (present - 1, present, present + 1) if _same(app.generate_otp(step), digits)]
    return bool(right) and _spend_step(session, user, right[-1])


def _spend_step(session: Session, user: User, step: int) -> bool:
    """Compare-and-swap: a code that was seen over the shoulder, and used a second later, is refused."""
    spent = session.execute(
        update(User)
        .where(User.id == user.id, or_(User.totp_last_step.is_(None), User.totp_last_step < step))
        .values(totp_last_step=step)
        .execution_options(synchronize_session=False)
    )
    session.expire(user, ["totp_last_step"])
    return bool(spent.rowcount == 1)  # type: ignore[attr-defined]


def _spend_recovery_code(session: Session, user: User, code: str, now: datetime) -> bool:
    spent = session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user.id,
            RecoveryCode.digest == digest_of(_plain(code)),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
    )
    return bool(spent.rowcount == 1)  # type: ignore[attr-defined]


def _new_code() -> str:
    """80 random bits as four groups of four."""
    text = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(text[i : i + 4] for i in range(0, 16, 4))


def _plain(code: str) -> str:
    return "".join(char for char in code.casefold() if char.isalnum())


def _same(a: str, b: str) -> bool:
    return hmac.compare_digest(a.encode(), b.encode())
