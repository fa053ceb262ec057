"""The fourteen departments that a new installation begins with. Names are message ids: they exist in every language."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Department
from app.words import N_

DEPARTMENTS = (
    ("service", N_("客服部")),
    ("support", N_("技术支持部")),
    ("product", N_("产品部")),
    ("quality", N_("质量管理部")),
    ("rnd", N_("研发部")),
    ("sales", N_("销售部")),
    ("marketing", N_("市场部")),
    ("operations", N_("运营部")),
    ("hr", N_("人力资源部")),
    ("finance", N_("财务部")),
    ("legal", N_("法务部")),
    ("pr", N_("公关部")),
    ("supply", N_("供应链部")),
    ("it", N_("信息技术部")),
)


def seed_departments(session: Session) -> list[Department]:
    """Add the departments that are missing by code; all fourteen, in their order."""
    known = {department.code: department for department in session.scalars(select(Department))}
    for position, (code, name) in enumerate(DEPARTMENTS):
        if code not in known:
            known[code] = Department(code=code, name=name, position=position)
            session.add(known[code])
    session.flush()
    return [known[code] for code, _ in DEPARTMENTS]
