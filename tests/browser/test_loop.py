"""The loop in a browser, with and without JavaScript: Lin registers, Wang triages, Chen solves, Lin asks."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK_SCREEN, PHONE
from tests.browser.person import Person

pytestmark = pytest.mark.browser
Meet = Callable[..., Person]
SCREENS = [
    pytest.param({"javascript": True, "size": DESK_SCREEN}, id="desk"),
    pytest.param({"javascript": False, "size": PHONE}, id="phone-without-javascript"),
]


def register(lin: Person) -> str:
    lin.go("/tickets/new")
    lin.write(
        phone="13812345678", name="张小北", description="手机充电一小时只充到 20%，请打 13812345678。", product="X20"
    )
    lin.send("登记")
    lin.sees("已登记，工单号")
    return lin.ticket


def verify(lin: Person, no: str) -> None:
    lin.go(f"/tickets/{no}/verification")
    lin.write(note="型号 X20，批次 B2608")
    lin.send("核实")
    lin.sees("待分级")


def triage(wang: Person, no: str, urgency: str = "2") -> None:
    wang.go(f"/tickets/{no}/triage")
    wang.page.select_option("[name=category]", "fault.function")
    wang.choose("impact", "1")
    wang.choose("urgency", urgency)
    wang.choose("severity", "2")
    wang.send("分级派单")
    wang.sees("待处理")
    wang.go(f"/tickets/{no}/assignment")
    wang.page.select_option("[name=assignee]", "chen")
    wang.send("指派与转部门")
    wang.sees("指派已保存。")


def solve(chen: Person, no: str, solution: str) -> None:
    chen.go(f"/tickets/{no}/start")
    chen.send("开始处理")
    chen.page.locator("#write textarea").first.fill("您好，我们正在核对电池批次。")
    chen.send("发送")
    chen.sees("您好，我们正在核对电池批次。")
    chen.go(f"/tickets/{no}/resolution")
    chen.choose("cause_kind", "hardware")
    chen.write(root_cause="电芯保护板误判温度", solution=solution)
    chen.send("提交解决，转待回访")
    chen.sees("已解决，回访任务已生成。")
    chen.sees("待回访")


def ask(lin: Person, *, solved: bool, score: str, button: str) -> None:
    lin.go("/follow-ups")
    lin.page.locator("main table a").first.click()
    lin.choose("reached", "yes")
    lin.choose("solved", "yes" if solved else "no")
    lin.choose("score", score)
    lin.send(button)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("screen", SCREENS)
def test_the_loop_with_a_dissatisfied_customer(meet: Meet, screen: dict[str, object]) -> None:
    lin, wang, chen = (meet(login, **screen) for login in ("lin", "wang", "chen"))
    no = register(lin)
    verify(lin, no)
    triage(wang, no)
    solve(chen, no, "免费更换电池")

    lin.go(f"/tickets/{no}")
    refused = lin.page.locator("#ticket-steps [aria-disabled=true]", has_text="关闭")
    expect(refused).to_be_visible()

    ask(lin, solved=False, score="2", button="只保存")
    lin.sees("已重开")
    lin.sees("待分级")

    triage(wang, no, urgency="3")
    solve(chen, no, "更换整机")
    ask(lin, solved=True, score="5", button="保存并关闭")
    lin.sees("回访记录已保存，工单已关闭。")
    lin.sees("已关闭")
    lin.sees("更换整机")


@pytest.mark.parametrize("screen", SCREENS)
def test_what_was_typed_comes_back_after_a_mistake(meet: Meet, screen: dict[str, object]) -> None:
    lin = meet("lin", **screen)
    lin.go("/tickets/new")
    lin.write(phone="123", name="张小北", description="充电慢 😀 <b>粗体</b>")
    lin.send("登记")
    expect(lin.page.locator("[name=description]").first).to_have_value("充电慢 😀 <b>粗体</b>")
    expect(lin.page.locator("[name=phone]").first).to_have_value("123")
    expect(lin.page.locator("[name=phone]").first).to_have_attribute("aria-invalid", "true")


def test_another_department_does_not_know_of_the_ticket(meet: Meet) -> None:
    lin, mei, tang = meet("lin"), meet("mei"), meet("tang")
    no = register(lin)
    lin.sees("张小北")
    mei.go(f"/tickets/{no}")
    mei.sees("张*")
    mei.does_not_see("张小北")
    mei.does_not_see("13812345678")
    tang.go(f"/tickets/{no}")
    expect(tang.page.locator("body")).to_contain_text("没有找到")


def test_two_clicks_register_once(meet: Meet) -> None:
    lin = meet("lin")
    lin.go("/tickets/new")
    lin.write(description="同一张表提交两次")
    lin.page.locator("form#register p.actions button").dblclick()
    expect(lin.page).to_have_url(re.compile("/tickets/CS"))
    lin.go("/tickets")
    expect(lin.page.locator("main table tbody tr")).to_have_count(1)


def test_pages_do_not_scroll_sideways(meet: Meet) -> None:
    lin = meet("lin", size=PHONE)
    no = register(lin)
    for path in ("/", "/tickets", "/tickets/new", f"/tickets/{no}", f"/tickets/{no}/verification", "/follow-ups"):
        lin.go(path)
        wide = lin.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path
