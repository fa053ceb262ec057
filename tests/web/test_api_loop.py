"""The loop through the API: Lin registers, Wang triages, Chen solves, Lin asks the customer and closes."""

import pytest

from tests.cast import Cast
from tests.web.calls import STORY, V1, Api, call, registered, resolved, triaged

pytestmark = pytest.mark.usefixtures("desk")


def test_a_ticket_goes_round_the_loop(api: Api) -> None:
    no, follow_up = resolved(api)
    refused = call(api("lin"), f"/tickets/{no}/closure", 409)
    assert refused["missing"] == ["follow_up"]
    call(api("lin"), f"/follow-ups/{follow_up}/attempts", 201, method="phone", reached=True, solved=True, score=5)
    assert call(api("lin"), f"/tickets/{no}/closure")["status"] == "closed"
    again = call(api("lin"), f"/tickets/{no}/closure")
    assert (again["status"], again["closed_as"]) == ("closed", "satisfied")


def test_dissatisfaction_reopens_until_the_customer_accepts(api: Api) -> None:
    no, follow_up = resolved(api)
    answer = call(
        api("lin"), f"/follow-ups/{follow_up}/attempts", 201, method="phone", reached=True, solved=False, score=2
    )
    assert (answer["outcome"], answer["ticket_status"], answer["cycle"]) == ("dissatisfied", "triage", 2)
    assert call(api("lin"), f"/tickets/{no}/closure", 409)["missing"]
    call(api("wang"), f"/tickets/{no}/triage", category="fault.function", impact=1, urgency=3, severity=2)
    _, second = resolved(api, no)
    assert second == f"{follow_up}-2"
    late = api("lin").post(
        f"{V1}/follow-ups/{follow_up}/attempts", json={"method": "phone", "reached": True, "solved": True}
    )
    assert late.status_code == 409
    call(api("lin"), f"/follow-ups/{second}/attempts", 201, method="phone", reached=True, solved=True, score=4)
    assert call(api("lin"), f"/tickets/{no}/closure")["status"] == "closed"


def test_numbers_share_their_digits(api: Api) -> None:
    ticket = call(api("lin"), "/tickets", 201, **STORY)
    digits = ticket["ticket_no"].removeprefix("CS")
    assert ticket["feedback_no"] == f"F{digits}"
    assert api("lin").get(f"{V1}/tickets/F{digits}").get_json()["ticket_no"] == ticket["ticket_no"]


def test_the_matrix_gives_the_priority_and_names_its_rule(api: Api) -> None:
    no = triaged(api, impact=3, urgency=3, severity=2)
    ticket = api("wang").get(f"{V1}/tickets/{no}").get_json()
    assert (ticket["priority"], ticket["priority_rule"]) == ("P1", "S2I3U3")


def test_an_agent_may_not_override_or_route(api: Api) -> None:
    no = registered(api)
    call(api("lin"), f"/tickets/{no}/verification")
    body = {"category": "fault.function", "impact": 1, "urgency": 1, "severity": 1}
    assert call(api("lin"), f"/tickets/{no}/triage", 403, **body, priority="P0", reason="着急")["status"] == 403
    call(api("lin"), f"/tickets/{no}/triage", 403, **body, department="support")


def test_codes_are_understood_in_three_languages(api: Api) -> None:
    no = registered(api, channel="电话")
    call(api("lin"), f"/tickets/{no}/verification")
    ticket = call(api("wang"), f"/tickets/{no}/triage", category="功能异常", impact=1, urgency=2, severity=2)
    assert (ticket["channel"], ticket["category"], ticket["department"]) == ("phone", "fault.function", "support")


def test_personal_values_are_masked_for_those_who_are_not_on_it(api: Api) -> None:
    no = registered(api)
    assert api("lin").get(f"{V1}/tickets/{no}").get_json()["customer"]["name"] == "张小北"
    seen_by_mei = api("mei").get(f"{V1}/tickets/{no}")
    customer = seen_by_mei.get_json()["customer"]
    assert (customer["name"], customer["phone"]) == ("张*", "138****5678")
    assert "13812345678" not in seen_by_mei.text
    assert "张小北" not in seen_by_mei.text
    assert api("tang").get(f"{V1}/tickets/{no}").status_code == 404
    assert api("xiao").get(f"{V1}/tickets/{no}").status_code in (403, 404)


def test_lists_page_by_cursor(api: Api, desk: Cast) -> None:
    numbers = {registered(api, description=f"第 {n} 件") for n in range(5)}
    first = api("wang").get(f"{V1}/tickets?limit=3").get_json()
    rest = api("wang").get(f"{V1}/tickets?limit=3&cursor={first['next']}").get_json()
    found = [ticket["ticket_no"] for ticket in first["items"] + rest["items"]]
    assert len(found) == 5
    assert set(found) == numbers
    assert rest["next"] is None


def test_merge_and_its_undoing(api: Api) -> None:
    one, other = registered(api), registered(api, description="同一件事再次来电")
    assert call(api("wang"), f"/tickets/{other}/merge", into=one, reason="重复")["merged_into"] == one
    undone = api("wang").delete(f"{V1}/tickets/{other}/merge")
    assert undone.status_code == 200, undone.text
    assert undone.get_json()["status"] == "new"


def test_invalid_needs_a_supervisor(api: Api) -> None:
    no = registered(api)
    assert call(api("lin"), f"/tickets/{no}/invalidation", reason="测试来电")["status"] == "new"
    call(api("lin"), f"/tickets/{no}/invalidation/confirmation", 403)
    assert call(api("wang"), f"/tickets/{no}/invalidation/confirmation")["status"] == "invalid"
    assert api("wang").delete(f"{V1}/tickets/{no}/invalidation").get_json()["status"] == "triage"
