"""Accounts from the administration: made, changed, shut, opened, and what is refused on the way."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from app import clock
from app.accounts.models import Department, Deputyship, PasswordReset, User, UserRole, UserSession
from app.audit.models import AuditEntry
from app.extensions import db
from app.policy import Role
from app.tickets.models import Ticket
from tests.cast import NOON, Cast
from tests.domain.customer_scenes import a_customer, a_ticket
from tests.web.visits import send, sign_in, words_of


@pytest.fixture
def root(app: Flask, desk: Cast) -> FlaskClient:
    """A browser with the system administrator in front of it, the password just given."""
    client = app.test_client()
    sign_in(client, "root")
    return client


def fresh(session: Session) -> None:
    """Look at the database as it is now."""
    session.rollback()
    session.expire_all()


def person(session: Session, login: str) -> User:
    fresh(session)
    return session.scalars(select(User).where(User.login == login)).one()


def roles_of(session: Session, login: str) -> set[str]:
    user_id = person(session, login).id
    return set(session.scalars(select(UserRole.role).where(UserRole.user_id == user_id)))


def acts(session: Session) -> list[str]:
    fresh(session)
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def hours_pass_since_the_password(session: Session) -> None:
    for row in session.scalars(select(UserSession)):
        row.step_up_at = clock.now() - timedelta(hours=1)
    session.commit()


# --- the list ---------------------------------------------------------------------------------------------------------


def test_people_stand_under_their_departments(root: FlaskClient) -> None:
    words = words_of(root.get("/admin/people"))
    assert words.index("林晓") < words.index("陈刚") < words.index("罗丹")


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ("role=engineer", "陈刚", "林晓"),
        ("department=sales", "罗丹", "林晓"),
        ("department=sales&role=agent", "唐亮", "罗丹"),
        ("state=disabled", "没有符合条件的同事", "林晓"),
        ("role=nonsense&department=nowhere&state=odd", "林晓", "没有符合条件的同事"),
    ],
)
def test_the_list_is_narrowed(root: FlaskClient, query: str, there: str, not_there: str) -> None:
    words = words_of(root.get(f"/admin/people?{query}"))
    assert there in words
    assert not_there not in words


def statements_of(app: Flask, client: FlaskClient, path: str) -> int:
    with app.app_context():
        engine: Engine = db.engine
    seen: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", count)
    try:
        assert client.get(path).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", count)
    return len(seen)


def test_a_longer_list_needs_no_more_statements(app: Flask, session: Session, desk: Cast, root: FlaskClient) -> None:
    def stand_in(user_id: int, deputy_id: int) -> Deputyship:
        starts_at, ends_at = clock.now(), clock.now() + timedelta(days=3)
        return Deputyship(user_id=user_id, deputy_id=deputy_id, starts_at=starts_at, ends_at=ends_at)

    session.add(stand_in(desk("lin").id, desk("mei").id))
    session.commit()
    root.get("/admin/people")
    before = statements_of(app, root, "/admin/people")
    departments = list(desk.departments.values())
    for n in range(60):
        made = User(login=f"extra{n}", name=f"新同事{n}", department_id=departments[n % 14].id, created_at=NOON)
        made.roles = [UserRole(role=Role.MEMBER, granted_at=NOON)]
        session.add(made)
        session.flush()
        session.add(stand_in(made.id, desk("wang").id))
    session.commit()
    assert statements_of(app, root, "/admin/people") == before


# --- a new account ----------------------------------------------------------------------------------------------------

NEW = {
    "name": "新来的",
    "login": "Newton",
    "email": "newton@desk.example",
    "locale": "en",
    "roles": ["agent", "expert"],
}


def test_an_account_is_made_and_waits_for_its_owner(root: FlaskClient, desk: Cast, session: Session) -> None:
    given = NEW | {"department_id": str(desk.departments["service"].id)}
    answer = send(root, "/admin/people/new", given)
    assert (answer.status_code, answer.location) == (303, "/admin/people/newton")
    made = person(session, "newton")
    assert (made.name, made.locale, made.password_hash) == ("新来的", "en", None)
    assert roles_of(session, "newton") == {"agent", "expert"}
    assert acts(session)[-2:] == ["user.created", "user.roles"]
    assert "一次性链接" in words_of(root.get(answer.location))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"login": "lin"}, "这个账号已经有人使用"),
        ({"login": "new"}, "这个词留作页面地址"),
        ({"login": "王 芳"}, "账号用小写字母或数字开头"),
        ({"login": ""}, "请填写这一项"),
        ({"name": ""}, "请填写这一项"),
        ({"email": "nonsense"}, "请填写有效的邮箱地址"),
        ({"email": "lin@desk.example"}, "这个邮箱已经登记在另一个账号上"),
        ({"roles": []}, "至少要有一个角色"),
        ({"roles": ["agent", "trainee"]}, "不能和别的角色一起授予"),
        ({"roles": ["emperor"]}, "不在可选的选项里"),
        ({"department_id": "999999"}, "请从列出的选项里选一个"),
    ],
)
def test_a_bad_account_is_refused_and_what_was_typed_stays(
    root: FlaskClient, session: Session, changes: dict[str, object], said: str
) -> None:
    given = NEW | {"department_id": ""} | changes
    answer = send(root, "/admin/people/new", given)
    assert answer.status_code == 422
    assert said in words_of(answer)
    assert str(given["name"]) in answer.text
    assert not session.scalars(select(User).where(User.name == "新来的")).all()


# --- profile, roles, skills -------------------------------------------------------------------------------------------


def test_a_profile_is_saved(root: FlaskClient, desk: Cast, session: Session) -> None:
    given = {"name": "陈 刚强", "email": "", "department_id": str(desk.departments["rnd"].id), "version": "1"}
    assert send(root, "/admin/people/chen", given).status_code == 303
    saved = person(session, "chen")
    assert (saved.name, saved.email, saved.department_id) == ("陈 刚强", None, desk.departments["rnd"].id)
    assert acts(session)[-1] == "user.edited"


def test_two_administrators_see_both_texts(root: FlaskClient, desk: Cast, session: Session) -> None:
    home = str(desk.departments["support"].id)
    first = {"name": "陈刚一", "email": "chen@desk.example", "department_id": home, "version": "1"}
    send(root, "/admin/people/chen", first)
    answer = send(root, "/admin/people/chen", first | {"name": "陈刚二"})
    assert answer.status_code == 409
    words = words_of(answer)
    assert "姓名 陈刚二 陈刚一" in words
    assert 'value="陈刚二"' in answer.text
    again = re.search(r'name="version"[^>]*value="(\d+)"', answer.text)
    assert again
    assert send(root, "/admin/people/chen", first | {"name": "陈刚二", "version": again[1]}).status_code == 303
    assert person(session, "chen").name == "陈刚二"


def test_roles_are_given_and_taken(root: FlaskClient, session: Session) -> None:
    answer = send(root, "/admin/people/mei/roles", {"roles": ["agent", "supervisor"]})
    assert answer.status_code == 303
    assert roles_of(session, "mei") == {"agent", "supervisor"}
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "user.roles")).one()
    assert entry.data == {"added": ["supervisor"], "removed": []}


@pytest.mark.parametrize(
    ("login", "roles", "status", "said"),
    [
        ("lin", [], 422, "至少要有一个角色"),
        ("lin", ["trainee", "agent"], 422, "不能和别的角色一起授予"),
        ("zhou", ["agent"], 409, "这是最后一位售后负责人"),
        ("root", ["sysadmin", "head"], 403, "不能改自己的角色"),
    ],
)
def test_roles_that_would_do_harm_are_refused_in_a_sentence(
    root: FlaskClient, session: Session, login: str, roles: list[str], status: int, said: str
) -> None:
    before = roles_of(session, login)
    answer = send(root, f"/admin/people/{login}/roles", {"roles": roles})
    assert answer.status_code == status
    assert said in words_of(answer)
    assert roles_of(session, login) == before


def test_skills_are_typed_with_any_separator(root: FlaskClient, session: Session) -> None:
    assert send(root, "/admin/people/chen/skills", {"skills": "电池、英语，X20 手机\n 电池 ;"}).status_code == 303
    assert {row for row in words_of(root.get("/admin/people?role=engineer")).split() if "电池" in row}
    answer = send(root, "/admin/people/chen/skills", {"skills": "、".join(f"技能{n}" for n in range(41))})
    assert answer.status_code == 422
    assert "技能40" in answer.text


# --- the account ------------------------------------------------------------------------------------------------------


def test_a_sensitive_act_asks_for_the_password_again(root: FlaskClient, session: Session) -> None:
    hours_pass_since_the_password(session)
    sensitive: dict[str, dict[str, object]] = {
        "people/mei/roles": {"roles": ["supervisor"]},
        "people/mei/disabling": {"heir": ""},
        "people/mei/invitation": {},
    }
    for path, data in sensitive.items():
        answer = send(root, f"/admin/{path}", data)
        assert answer.status_code == 303
        assert "/step-up" in answer.headers["Location"]
    assert roles_of(session, "mei") == {"agent"}
    assert person(session, "mei").active
    assert not session.scalars(select(PasswordReset)).all()


def test_an_account_is_shut_after_its_work_was_handed_over(
    app: Flask, root: FlaskClient, desk: Cast, session: Session
) -> None:
    ticket, mei = a_ticket(session, desk, a_customer(session, desk)), desk("mei").id
    ticket.assignee_id, ticket.status = desk("lin").id, "in_progress"
    session.commit()
    lin = app.test_client()
    sign_in(lin, "lin")
    answer = send(root, "/admin/people/lin/disabling", {"heir": "mei"})
    assert answer.status_code == 303
    assert not person(session, "lin").active
    assert session.get_one(Ticket, ticket.id).assignee_id == mei
    assert {"user.handed_over", "user.disabled"} <= set(acts(session))
    assert lin.get("/me").status_code == 303
    assert "已停用" in words_of(root.get("/admin/people/lin"))
    assert send(root, "/admin/people/lin/enabling").status_code == 303
    assert person(session, "lin").active
    assert person(session, "lin").password_hash is None


@pytest.mark.parametrize(
    ("login", "status", "said"),
    [("zhou", 409, "这是最后一位售后负责人"), ("root", 403, "不能停用自己的账号")],
)
def test_some_accounts_can_not_be_shut(root: FlaskClient, session: Session, login: str, status: int, said: str) -> None:
    answer = send(root, f"/admin/people/{login}/disabling", {"heir": ""})
    assert answer.status_code == status
    assert said in words_of(answer)
    assert person(session, login).active


def test_an_unknown_heir_is_refused(root: FlaskClient, session: Session) -> None:
    answer = send(root, "/admin/people/mei/disabling", {"heir": "nobody"})
    assert answer.status_code == 422
    assert person(session, "mei").active


def test_the_invitation_is_shown_once_and_opens_the_door(app: Flask, root: FlaskClient, session: Session) -> None:
    answer = send(root, "/admin/people/mei/invitation")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    link = re.search(r'value="http://localhost(/password/reset/[^"]+)"', answer.text)
    assert link
    assert link[1] not in root.get("/admin/people/mei").text
    assert acts(session)[-1] == "user.invited"
    assert "设置新密码" in words_of(app.test_client().get(link[1], follow_redirects=True))
    send(root, "/admin/people/mei/invitation")
    assert "这个链接已经用过或过期了" in words_of(app.test_client().get(link[1], follow_redirects=True))


def test_everywhere_is_everywhere(app: Flask, root: FlaskClient, session: Session) -> None:
    mei = app.test_client()
    sign_in(mei, "mei")
    assert mei.get("/me").status_code == 200
    assert send(root, "/admin/people/mei/sessions/end").status_code == 303
    assert mei.get("/me").status_code == 303
    assert acts(session)[-1] == "user.signed_out_everywhere"


def test_a_second_factor_that_is_not_there_can_not_be_dropped(root: FlaskClient) -> None:
    answer = send(root, "/admin/people/mei/second-factor/end", follow_redirects=True)
    assert "没有开启两步验证" in words_of(answer)


def test_others_can_post_nothing(app: Flask, desk: Cast, session: Session) -> None:
    he = app.test_client()
    sign_in(he, "he")
    before = len(session.scalars(select(User)).all())
    for path in (
        "people/new",
        "people/mei",
        "people/mei/roles",
        "people/mei/skills",
        "people/mei/disabling",
        "people/mei/enabling",
        "people/mei/invitation",
        "people/mei/sessions/end",
        "people/mei/second-factor/end",
        "people/mei/deputies",
        "people/mei/deputies/1/end",
        "departments/new",
        "departments/service",
        "departments/service/retirement",
        "jobs/1/retry",
        "audit/verification",
    ):
        assert send(he, f"/admin/{path}", {"roles": ["sysadmin"], "name": "x"}).status_code == 403, path
    assert len(session.scalars(select(User)).all()) == before


# --- deputies ---------------------------------------------------------------------------------------------------------


def days(start: int, end: int) -> dict[str, str]:
    today = clock.now().date()
    return {
        "starts_on": (today + timedelta(days=start)).isoformat(),
        "ends_on": (today + timedelta(days=end)).isoformat(),
    }


def test_a_deputy_is_named_and_taken_back(root: FlaskClient, desk: Cast, session: Session) -> None:
    assert send(root, "/admin/people/zhou/deputies", days(0, 3) | {"deputy": "wang"}).status_code == 303
    row = session.scalars(select(Deputyship)).one()
    assert (row.user_id, row.deputy_id) == (desk("zhou").id, desk("wang").id)
    assert row.ends_at - row.starts_at == timedelta(days=4)
    assert "王芳" in words_of(root.get("/admin/people?role=head"))
    assert send(root, f"/admin/people/lin/deputies/{row.id}/end").status_code == 404
    assert send(root, f"/admin/people/zhou/deputies/{row.id}/end").status_code == 303
    fresh(session)
    assert row.ended_at is not None
    assert acts(session)[-2:] == ["deputy.appointed", "deputy.taken_back"]


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"deputy": "zhou"}, 422, "请从列出的选项里选一个"),
        ({"deputy": "xiao"}, 422, "请从列出的选项里选一个"),
        ({"deputy": ""}, 422, "请填写这一项"),
        (days(3, 1), 422, "结束日期不能早于开始日期"),
        (days(-9, -3), 422, "这段时间已经过去了"),
        (days(0, 500), 422, "代理时间最长一年"),
        ({"starts_on": "soon"}, 422, "请填写有效的日期"),
        ({"ends_on": "9999-12-31"}, 422, ""),
    ],
)
def test_a_deputy_that_can_not_be_is_refused(
    root: FlaskClient, session: Session, changes: dict[str, str], status: int, said: str
) -> None:
    answer = send(root, "/admin/people/zhou/deputies", days(0, 3) | {"deputy": "wang"} | changes)
    assert answer.status_code == status
    assert said in words_of(answer)
    assert not session.scalars(select(Deputyship)).all()


def test_a_second_deputy_for_the_same_days_is_told_why(root: FlaskClient) -> None:
    send(root, "/admin/people/zhou/deputies", days(0, 3) | {"deputy": "wang"})
    answer = send(root, "/admin/people/zhou/deputies", days(2, 5) | {"deputy": "he"})
    assert answer.status_code == 409
    assert "这段时间已经有代理人了" in words_of(answer)
    assert days(2, 5)["ends_on"] in answer.text


# --- departments ------------------------------------------------------------------------------------------------------


def test_a_department_is_made_edited_and_given_up(root: FlaskClient, desk: Cast, session: Session) -> None:
    answer = send(root, "/admin/departments/new", {"name": "海外部", "code": "Abroad"})
    assert (answer.status_code, answer.location) == (303, "/admin/departments/abroad")
    given = {"name": "海外服务部", "manager_id": str(desk("wang").id), "contact_id": "", "version": "1"}
    assert send(root, "/admin/departments/abroad", given).status_code == 303
    made = session.scalars(select(Department).where(Department.code == "abroad")).one()
    assert (made.name, made.manager_id) == ("海外服务部", desk("wang").id)
    stale = send(root, "/admin/departments/abroad", given | {"name": "海外"})
    assert stale.status_code == 409
    assert "部门名称 海外 海外服务部" in words_of(stale)
    assert send(root, "/admin/departments/abroad/retirement").status_code == 303
    fresh(session)
    assert made.retired_at is not None
    assert [act for act in acts(session) if act.startswith("department.")] == [
        "department.created",
        "department.edited",
        "department.retired",
    ]


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({"name": "", "code": "x"}, 422, "请填写这一项"),
        ({"name": "海外部", "code": "new"}, 422, "这个词留作页面地址"),
        ({"name": "海外部", "code": "1st"}, 422, "代码用小写字母开头"),
        ({"name": "海外部", "code": "service"}, 409, "这个部门代码已经使用"),
        ({"name": "客户服务部", "code": "again"}, 409, "已经有同名的部门"),
    ],
)
def test_a_bad_department_is_refused(root: FlaskClient, given: dict[str, str], status: int, said: str) -> None:
    answer = send(root, "/admin/departments/new", given)
    assert answer.status_code == status
    assert said in words_of(answer)


def test_a_department_with_people_stays(root: FlaskClient, session: Session) -> None:
    answer = send(root, "/admin/departments/service/retirement", follow_redirects=True)
    assert "部门里还有 6 位在岗同事" in words_of(answer)


def test_nobody_makes_themselves_manager(root: FlaskClient, desk: Cast) -> None:
    given = {"name": "信息技术部", "manager_id": str(desk("root").id), "contact_id": "", "version": "1"}
    answer = send(root, "/admin/departments/it", given)
    assert answer.status_code == 409
    assert "不能把自己设为部门负责人" in words_of(answer)
