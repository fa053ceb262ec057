"""The people of every test: always the same, so that a test reads as a scene.

Lin answers the phone, Wang supervises, Chen repairs, Sun owns the product, Zhou heads after-sales, He administers it …
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from app.accounts.models import Department, User, UserRole
from app.policy import Actor, Role

NOON = datetime(2024, 3, 5, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai, a Tuesday
PASSWORD = "正午的钟声 2024"

DEPARTMENTS: Mapping[str, str] = {
    "service": "客户服务部",
    "support": "技术支持部",
    "product": "产品部",
    "quality": "品质管理部",
    "rnd": "研发部",
    "sales": "销售部",
    "marketing": "市场部",
    "operations": "运营部",
    "hr": "人力资源部",
    "finance": "财务部",
    "legal": "法务部",
    "pr": "公关部",
    "supply": "供应链部",
    "it": "信息技术部",
}

# By login: name, department and roles.
PEOPLE: Mapping[str, tuple[str, str, tuple[Role, ...]]] = {
    "lin": ("林晓", "service", (Role.AGENT,)),
    "wang": ("王芳", "service", (Role.SUPERVISOR,)),
    "chen": ("陈刚", "support", (Role.ENGINEER,)),
    "sun": ("孙悦", "product", (Role.PRODUCT_MANAGER,)),
    "zhou": ("周敏", "service", (Role.HEAD,)),
    "he": ("何静", "service", (Role.SERVICE_ADMIN,)),
    "zhao": ("赵强", "quality", (Role.QUALITY,)),
    "qian": ("钱博", "rnd", (Role.EXPERT,)),
    "xiao": ("肖新", "service", (Role.TRAINEE,)),
    "luo": ("罗丹", "sales", (Role.MEMBER,)),
    "gao": ("高远", "operations", (Role.EXECUTIVE,)),
    "root": ("管理员", "it", (Role.SYSADMIN,)),
    "mei": ("梅兰", "service", (Role.AGENT,)),  # a colleague of Lin's
    "tang": ("唐亮", "sales", (Role.AGENT,)),  # an agent of another department
}


class Cast(NamedTuple):
    """Everybody by login, every department by code."""

    people: dict[str, User]
    departments: dict[str, Department]
    actors: dict[str, Actor]

    def __call__(self, login: str) -> Actor:
        """The person as actor, with the roles they were engaged with: `cast("lin")`."""
        return self.actors[login]


CHEAP_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@cache
def cheap_hash(password: str = PASSWORD) -> str:
    """An argon2 hash that costs next to nothing; checking it reads the cost from the hash."""
    return CHEAP_HASHER.hash(password)


def engage(session: Session) -> Cast:
    """Add the departments and the people; flushed, not committed."""
    departments = {
        code: Department(code=code, name=name, position=position)
        for position, (code, name) in enumerate(DEPARTMENTS.items())
    }
    session.add_all(departments.values())
    session.flush()
    people = {}
    for login, (name, department, roles) in PEOPLE.items():
        people[login] = User(
            login=login,
            name=name,
            email=f"{login}@desk.example",
            password_hash=cheap_hash(),
            department_id=departments[department].id,
            created_at=NOON,
            roles=[UserRole(role=role, granted_at=NOON) for role in roles],
        )
    session.add_all(people.values())
    session.flush()
    return Cast(people, departments, {login: actor_of(user) for login, user in people.items()})


def actor_of(user: User, *, manages: frozenset[int] = frozenset(), standing_for: frozenset[int] = frozenset()) -> Actor:
    """What the program makes of a user row at sign-in."""
    return Actor(
        id=user.id,
        login=user.login,
        name=user.name,
        roles=frozenset(Role(row.role) for row in user.roles),
        department_id=user.department_id,
        manages=manages,
        standing_for=standing_for,
        locale=user.locale,
        epoch=user.epoch,
    )
