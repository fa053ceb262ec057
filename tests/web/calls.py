"""The loop through the API, in the words of the tests."""

from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient

Api = Callable[[str], FlaskClient]
V1 = "/api/v1"

STORY = {
    "channel": "phone",
    "customer": {"name": "张小北", "phone": "13812345678"},
    "product": "X20",
    "description": "手机充电一小时只充到 20%，张小北说很着急，请打 13812345678。",
    "expectation": "尽快修好",
    "tried": "重启过，换过充电器",
}
AXES = {"category": "fault.function", "impact": 1, "urgency": 2, "severity": 2}


def call(client: FlaskClient, path: str, status: int = 200, **body: Any) -> Any:
    """POST and hold the status; gives the JSON answer."""
    answer = client.post(V1 + path, json=body)
    assert answer.status_code == status, answer.text
    return answer.get_json()


def registered(api: Api, by: str = "lin", **changed: Any) -> str:
    return str(call(api(by), "/tickets", 201, **(STORY | changed))["ticket_no"])


def triaged(api: Api, **changed: Any) -> str:
    no = registered(api)
    call(api("lin"), f"/tickets/{no}/verification", note="型号 X20，批次 B2608")
    call(api("wang"), f"/tickets/{no}/triage", **(AXES | changed))
    return no


def resolved(api: Api, no: str | None = None) -> tuple[str, str]:
    """A ticket in `resolved` and the number of its follow-up."""
    no = no or triaged(api)
    call(api("wang"), f"/tickets/{no}/assignment", assignee="chen")
    call(api("chen"), f"/tickets/{no}/start")
    call(api("chen"), f"/tickets/{no}/messages", 201, kind="reply", body="您好，我们正在核对电池批次。")
    call(api("chen"), f"/tickets/{no}/analysis", cause_kind="hardware", root_cause="电芯保护板误判温度")
    follow_up = call(api("chen"), f"/tickets/{no}/resolution", solution="免费更换电池")
    return no, follow_up["no"]
