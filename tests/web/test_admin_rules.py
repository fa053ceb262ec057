"""The rules from the administration's pages: saved, refused with what was typed, both texts after a conflict."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import UserSession
from app.audit.models import AuditEntry
from app.customers.models import Product, ProductBatch
from app.tickets import administration as admin
from app.tickets.priority import Axes, shipped_cells
from app.tickets.rules import Category, RoutingRule, SlaPolicy, SlaTarget
from tests.cast import Cast
from tests.web.visits import send, sign_in, token_of, words_of


@pytest.fixture
def he(app: Flask, desk: Cast) -> FlaskClient:
    """A browser with the service administrator in front of it."""
    client = app.test_client()
    sign_in(client, "he")
    return client


def fresh(session: Session) -> Session:
    session.rollback()
    session.expire_all()
    return session


def acts(session: Session, what: str) -> list[AuditEntry]:
    query = select(AuditEntry).where(AuditEntry.action == what).order_by(AuditEntry.id)
    return list(fresh(session).scalars(query))


def pressed(client: FlaskClient, path: str, version: str) -> str:
    """What stands on the page that a button leads to."""
    return words_of(send(client, f"/admin/{path}", {"version": version}, follow_redirects=True))


def version_on(page: Any) -> str:
    found = re.search(r'name="version"[^>]*value="(\d+)"', page.text)
    assert found
    return found[1]


# --- categories -------------------------------------------------------------------------------------------------------

FIT = {
    "name": "安装指导",
    "code": "fit",
    "parent": "enquiry",
    "impact": "1",
    "urgency": "2",
    "severity": "1",
    "other_person": "prefer",
    "form5": "咨询",
}


def test_a_category_is_added_below_another(he: FlaskClient, session: Session) -> None:
    assert 'value="enquiry" selected' in re.sub(
        r"<option selected value=\"(\w+)\"",
        r'<option value="\1" selected',
        he.get("/admin/categories/new?parent=enquiry").text,
    )
    assert send(he, "/admin/categories/new", FIT).status_code == 303
    made = fresh(session).scalars(select(Category).where(Category.code == "enquiry.fit")).one()
    assert (made.name, made.urgency, made.form5) == ("安装指导", 2, "咨询")
    assert [entry.subject_id for entry in acts(session, "category.added")] == [made.id]
    assert "安装指导" in words_of(he.get("/admin/categories"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "请填写这一项"),
        ({"name": "使用咨询"}, "同一级已经有"),
        ({"code": "usage"}, "已经用过"),
        ({"code": "new"}, "留作页面地址"),
        ({"code": "安装"}, "代码要以字母开头"),
        ({"impact": "7"}, "请从列出的选项里选一个"),
        ({"severity": ""}, ""),
        ({"parent": "enquiry.usage"}, "请从列出的选项里选一个"),
        ({"form5": "保修"}, "请从列出的选项里选一个"),
    ],
)
def test_a_bad_category_is_refused_and_what_was_typed_stays(
    he: FlaskClient, session: Session, changes: dict[str, str], said: str
) -> None:
    given = FIT | changes
    answer = send(he, "/admin/categories/new", given)
    assert answer.status_code == 422
    assert said in words_of(answer)
    assert f'value="{given["name"]}"' in answer.text
    assert not acts(session, "category.added")


def test_a_category_is_edited_and_the_second_editor_sees_both_texts(he: FlaskClient, session: Session) -> None:
    given = FIT | {"name": "使用指导", "version": version_on(he.get("/admin/categories/enquiry.usage"))}
    assert send(he, "/admin/categories/enquiry.usage", given).status_code == 303
    answer = send(he, "/admin/categories/enquiry.usage", given | {"name": "怎么用", "urgency": "3"})
    assert answer.status_code == 409
    words = words_of(answer)
    assert "名称 怎么用 使用指导" in words
    assert "默认紧急程度 高 中" in words
    assert 'value="怎么用"' in answer.text
    again = given | {"name": "怎么用", "version": version_on(answer)}
    assert send(he, "/admin/categories/enquiry.usage", again).status_code == 303
    assert [entry.data for entry in acts(session, "category.edited")] == [
        {"fields": ["name", "urgency"]},
        {"fields": ["name"]},
    ]


def test_a_category_is_retired_and_restored(he: FlaskClient, session: Session) -> None:
    assert "请先停用下级分类" in pressed(he, "categories/enquiry/retirement", "1")
    assert send(he, "/admin/categories/enquiry.usage/retirement", {"version": "1"}).status_code == 303
    assert admin.category_of(fresh(session), "enquiry.usage").retired_at is not None
    assert "别人已经改过这里" in pressed(he, "categories/enquiry.usage/restoration", "1")
    assert admin.category_of(fresh(session), "enquiry.usage").retired_at is not None
    assert send(he, "/admin/categories/enquiry.usage/restoration", {"version": "2"}).status_code == 303
    assert admin.category_of(fresh(session), "enquiry.usage").retired_at is None
    assert send(he, "/admin/categories/nothing/retirement", {"version": "1"}).status_code == 404
    assert "别人已经改过这里" in pressed(he, "categories/other/retirement", "junk")


def test_what_was_typed_survives_the_end_of_the_session(he: FlaskClient, session: Session) -> None:
    token = {"csrf_token": token_of(he.get("/admin/categories/new"))}
    for row in session.scalars(select(UserSession)):
        row.seen_at -= timedelta(hours=2)
    session.commit()
    page = {"Referer": "http://localhost/admin/categories/new"}
    answer = he.post("/admin/categories/new", data=FIT | token, headers=page)
    assert "/login" in answer.location
    back = parse_qs(urlsplit(answer.location).query)["next"][0]
    sign_in(he, "he")
    text = he.get(back).text
    assert 'value="安装指导"' in text
    assert not acts(session, "category.added")


# --- the matrix -------------------------------------------------------------------------------------------------------


def cells(**changed: str) -> dict[str, str]:
    return {axes.code(): str(priority) for axes, priority in shipped_cells().items()} | {"version": "27"} | changed


def stored(session: Session) -> dict[Axes, str]:
    return {cell.axes: str(cell.priority) for cell in admin.matrix(fresh(session))}


def test_the_matrix_is_saved(he: FlaskClient, session: Session) -> None:
    assert send(he, "/admin/priority", cells(S1I2U1="P2")).status_code == 303
    assert stored(session)[Axes(2, 1, 1)] == "P2"
    assert acts(session, "priority_matrix.edited")[0].data == {"cells": {"S1I2U1": ["P3", "P2"]}}
    assert "出厂 P3" in words_of(he.get("/admin/priority"))


def test_a_fall_in_the_matrix_is_refused_and_both_cells_are_named(he: FlaskClient, session: Session) -> None:
    answer = send(he, "/admin/priority", cells(S3I3U3="P3"))
    assert answer.status_code == 422
    words = words_of(answer)
    assert "严重性 3、影响 3、紧急 3 却是 P3" in words
    assert "提高任何一项，优先级都不能降低" in words
    assert answer.text.count('aria-invalid="true"') == 4
    assert stored(session) == shipped_cells()
    assert not acts(session, "priority_matrix.edited")


def test_the_matrix_of_somebody_else_is_shown_beside_mine(he: FlaskClient, session: Session) -> None:
    send(he, "/admin/priority", cells(S1I2U1="P2"))
    answer = send(he, "/admin/priority", cells(S1I1U1="P2", S1I2U1="P2"))
    assert answer.status_code == 409
    assert "严重性 1、影响 1、紧急 1 P2 P3" in words_of(answer)
    assert version_on(answer) == "28"
    assert stored(session)[Axes(1, 1, 1)] == "P3"


@pytest.mark.parametrize("changes", [{"S1I1U1": "P9"}, {"S1I1U1": ""}])
def test_a_junk_cell_is_refused(he: FlaskClient, session: Session, changes: dict[str, str]) -> None:
    assert send(he, "/admin/priority", cells(**changes)).status_code == 422
    assert stored(session) == shipped_cells()


# --- promises ---------------------------------------------------------------------------------------------------------


def targets(session: Session, code: str) -> dict[str, str]:
    policy = admin.policy_of(fresh(session), code)
    found = {}
    for (kind, priority), target in policy.targets.items():
        found[f"{kind}-{priority}"] = str(target.amount)
        found[f"{kind}-{priority}-unit"] = str(target.unit)
    return found


def every_unit() -> dict[str, str]:
    kinds, priorities = ("response", "solution", "planned", "follow_up"), ("P0", "P1", "P2", "P3")
    return {f"{kind}-{priority}-unit": "hour" for kind in kinds for priority in priorities}


def test_a_target_is_saved_and_an_empty_one_means_no_clock(he: FlaskClient, session: Session) -> None:
    live = session.scalars(select(SlaPolicy).where(SlaPolicy.code == "live")).one()
    given: dict[str, Any] = every_unit() | targets(session, "live")
    given |= {"name": "即时", "version": "1", "channels": ["chat", "phone"], "promise_counts": "y"}
    given |= {"response-P0": "3", "solution-P3": ""}
    assert send(he, "/admin/sla/live", given).status_code == 303
    after = targets(session, "live")
    assert after["response-P0"] == "3"
    assert "solution-P3" not in after
    policy = fresh(session).get_one(SlaPolicy, live.id)
    assert (policy.name, policy.channels, policy.pauses_in_waiting) == ("即时", ["chat", "phone"], False)
    data = acts(session, "sla_policy.edited")[0].data
    assert data["targets"] == {"response P0": "3 minute"}
    assert data["removed"] == ["solution P3"]


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"response-P0": "0"}, 422, "1 到 2160 之间的整数"),
        ({"response-P0": "-5"}, 422, "之间的整数"),
        ({"response-P0": "soon"}, 422, "请填写整数"),
        ({"response-P0": "999999999999999999999"}, 422, "之间的整数"),
        ({"response-P0": "5", "response-P0-unit": "year"}, 422, ""),
        ({"name": "", "response-P0": "5"}, 422, "请填写这一项"),
        ({"code": "live", "response-P0": "5"}, 422, "已经用过"),
        ({"code": "new", "response-P0": "5"}, 422, "留作页面地址"),
        ({"channels": ["pigeon"], "response-P0": "5"}, 422, "不在可选的选项里"),
        ({}, 422, "至少填写一个时限"),
    ],
)
def test_a_bad_policy_is_refused_and_what_was_typed_stays(
    he: FlaskClient, session: Session, changes: dict[str, Any], status: int, said: str
) -> None:
    given = every_unit() | {"name": "贵宾时限", "code": "vip", "tiers": ["vip"]} | changes
    answer = send(he, "/admin/sla/new", given)
    assert answer.status_code == status
    assert said in words_of(answer)
    assert 'value="vip"' in answer.text
    assert not fresh(session).scalars(select(SlaPolicy).where(SlaPolicy.code == "vip")).all()


def test_a_new_policy_is_for_some_tickets(he: FlaskClient, session: Session) -> None:
    given = every_unit() | {"name": "贵宾时限", "code": "vip", "tiers": ["vip"], "categories": ["fault"]}
    assert (
        send(
            he, "/admin/sla/new", given | {"response-P0": "2", "planned-P3": "7", "planned-P3-unit": "next_cycle"}
        ).status_code
        == 303
    )
    made = fresh(session).scalars(select(SlaPolicy).where(SlaPolicy.code == "vip")).one()
    assert (made.tiers, made.categories) == (["vip"], ["fault"])
    rows = session.scalars(select(SlaTarget).where(SlaTarget.policy_id == made.id).order_by(SlaTarget.kind)).all()
    assert [(row.kind, row.amount, row.unit) for row in rows] == [("planned", 1, "next_cycle"), ("response", 2, "hour")]
    words = words_of(he.get("/admin/sla"))
    assert "贵宾时限" in words
    assert "下个周期末" in words


def test_the_follow_up_of_every_ticket_is_kept(he: FlaskClient, session: Session) -> None:
    given = every_unit() | targets(session, "follow_up") | {"name": "回访时限", "version": "1", "follow_up-P3": ""}
    answer = send(he, "/admin/sla/follow_up", given)
    assert answer.status_code == 409
    assert "否则会有客户没人回访" in words_of(answer)
    assert targets(session, "follow_up")["follow_up-P3"] == "72"
    assert "没有保存" in pressed(he, "sla/follow_up/retirement", "1")
    assert admin.policy_of(fresh(session), "follow_up").policy.retired_at is None
    assert not acts(session, "sla_policy.retired")
    assert send(he, "/admin/sla/live/retirement", {"version": "1"}).status_code == 303
    assert send(he, "/admin/sla/live/restoration", {"version": "2"}).status_code == 303


def test_two_editors_of_a_policy_see_both_texts(he: FlaskClient, session: Session) -> None:
    given = every_unit() | targets(session, "follow_up") | {"name": "回访", "version": "1", "pauses_in_waiting": "y"}
    assert send(he, "/admin/sla/follow_up", given | {"follow_up-P0": "12"}).status_code == 303
    answer = send(he, "/admin/sla/follow_up", given | {"follow_up-P0": "6"})
    assert answer.status_code == 409
    assert "回访 P0 6 12" in words_of(answer)
    assert version_on(answer) == "2"


# --- routing ----------------------------------------------------------------------------------------------------------


def routes(session: Session) -> list[tuple[int, str | None]]:
    query = select(RoutingRule).order_by(RoutingRule.position, RoutingRule.id)
    return [(row.id, row.category) for row in fresh(session).scalars(query)]


def a_rule(desk: Cast, code: str = "legal", **changes: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("category", "priority", "product_id", "tier", "channel"), "")
    return empty | {"department_id": str(desk.departments[code].id)} | changes


def test_a_rule_is_added_moved_edited_and_deleted(he: FlaskClient, desk: Cast, session: Session) -> None:
    given = a_rule(desk, category="process_gap", assisting=["quality"], to_lead="y", escalate="y", tier="vip")
    assert send(he, "/admin/routing/new", given).status_code == 303
    assert [category for _, category in routes(session)][-2:] == ["process_gap", None]
    made = next(id_ for id_, category in routes(session) if category == "process_gap")
    words = words_of(he.get("/admin/routing"))
    assert "流程问题" in words
    assert "品质管理部协办" in words
    answer = send(he, f"/admin/routing/{made}/place", {"to": "up"})
    assert answer.location == f"/admin/routing#rule-{made}"
    assert [category for _, category in routes(session)][-3:] == ["process_gap", "complaint", None]
    send(he, f"/admin/routing/{made}/place", {"to": "down"})
    assert [category for _, category in routes(session)][-2:] == ["process_gap", None]
    edited = a_rule(desk, "hr", category="process_gap", version="1")
    assert send(he, f"/admin/routing/{made}", edited).status_code == 303
    stale = send(he, f"/admin/routing/{made}", a_rule(desk, "legal", category="process_gap", version="1"))
    assert stale.status_code == 409
    assert "处理部门 法务部 人力资源部" in words_of(stale)
    assert "别人已经改过这里" in pressed(he, f"routing/{made}/deletion", "1")
    assert made in [id_ for id_, _ in routes(session)]
    assert send(he, f"/admin/routing/{made}/deletion", {"version": "2"}).status_code == 303
    assert made not in [id_ for id_, _ in routes(session)]
    assert send(he, f"/admin/routing/{made}/deletion", {"version": "2"}).status_code == 404
    kinds = ("added", "moved", "edited", "deleted")
    assert [len(acts(session, f"routing_rule.{kind}")) for kind in kinds] == [1, 2, 1, 1]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"department_id": ""}, "请填写这一项"),
        ({"department_id": "9999"}, "请从列出的选项里选一个"),
        ({"category": "nothing"}, "请从列出的选项里选一个"),
        ({"product_id": "x"}, "请从列出的选项里选一个"),
        ({"assisting": ["nowhere"]}, "不在可选的选项里"),
        ({"assisting": ["legal"]}, "处理部门不能同时是协办部门"),
    ],
)
def test_a_bad_rule_is_refused(
    he: FlaskClient, desk: Cast, session: Session, changes: dict[str, Any], said: str
) -> None:
    answer = send(he, "/admin/routing/new", a_rule(desk, **changes))
    assert answer.status_code == 422
    assert said in words_of(answer)
    assert len(routes(session)) == 6


# --- products ---------------------------------------------------------------------------------------------------------


def test_a_product_is_added_with_batches_edited_retired_and_restored(he: FlaskClient, session: Session) -> None:
    answer = send(he, "/admin/products/new", {"name": "X20 手机", "code": "X20", "line": "手机"})
    assert answer.status_code == 303
    path = answer.location
    assert send(he, f"{path}/batches", {"code": "B2608"}).status_code == 303
    assert send(he, f"{path}/batches", {"code": "B2608"}).status_code == 409
    assert send(he, f"{path}/batches", {"code": ""}).status_code == 422
    assert send(he, path, {"name": "X20 Pro", "line": "", "version": "1"}).status_code == 303
    stale = send(he, path, {"name": "X20 Max", "line": "", "version": "1"})
    assert stale.status_code == 409
    assert "名称 X20 Max X20 Pro" in words_of(stale)
    assert send(he, f"{path}/retirement", {"version": "2"}).status_code == 303
    assert fresh(session).scalars(select(Product)).one().retired_at is not None
    assert send(he, f"{path}/restoration", {"version": "3"}).status_code == 303
    assert fresh(session).scalars(select(Product)).one().retired_at is None
    assert [row.code for row in session.scalars(select(ProductBatch))] == ["B2608"]
    assert len(acts(session, "product.restored")) == 1


@pytest.mark.parametrize(
    ("given", "status"),
    [({"name": "", "code": "X"}, 422), ({"name": "X", "code": ""}, 422), ({"name": "长" * 121, "code": "X"}, 422)],
)
def test_a_bad_product_is_refused(he: FlaskClient, session: Session, given: dict[str, str], status: int) -> None:
    assert send(he, "/admin/products/new", given).status_code == status
    assert not fresh(session).scalars(select(Product)).all()


def test_a_product_code_is_given_once(he: FlaskClient) -> None:
    send(he, "/admin/products/new", {"name": "X20 手机", "code": "X20"})
    answer = send(he, "/admin/products/new", {"name": "另一种", "code": "x20"})
    assert answer.status_code == 409
    assert "已存在" in words_of(answer)
    assert 'value="另一种"' in answer.text


def test_others_can_post_nothing(app: Flask, desk: Cast, session: Session) -> None:
    lin = app.test_client()
    sign_in(lin, "lin")
    for path in (
        "categories/new",
        "categories/fault",
        "categories/fault.batch/retirement",
        "categories/fault.batch/restoration",
        "priority",
        "sla/new",
        "sla/live",
        "sla/live/retirement",
        "sla/live/restoration",
        "routing/new",
        "routing/1",
        "routing/1/place",
        "routing/1/deletion",
        "products/new",
        "products/1",
        "products/1/batches",
        "products/1/retirement",
        "products/1/restoration",
    ):
        assert send(lin, f"/admin/{path}", {"version": "1", "name": "x"}).status_code == 403, path
    assert len(routes(session)) == 6
