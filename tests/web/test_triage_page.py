"""The triage form shows what it would give before anything is saved."""

from flask.testing import FlaskClient

from tests.cast import Cast
from tests.web.calls import Api, call, registered
from tests.web.visits import send, sign_in

HTMX = {"HX-Request": "true"}


def prepared(client: FlaskClient, api: Api) -> str:
    no = registered(api)
    call(api("lin"), f"/tickets/{no}/verification")
    sign_in(client, "wang")
    return f"/tickets/{no}/triage"


def test_a_category_brings_its_axes_while_none_is_chosen(client: FlaskClient, api: Api, desk: Cast) -> None:
    page = prepared(client, api)
    answer = send(client, f"{page}/preview", {"category": "fault"}, form=page, headers=HTMX)
    assert 'id="axes"' in answer.text
    assert 'hx-swap-oob="true"' in answer.text
    assert "P2" in answer.text


def test_a_chosen_axis_is_never_changed(client: FlaskClient, api: Api, desk: Cast) -> None:
    page = prepared(client, api)
    chosen = {"category": "fault", "impact": "3"}
    answer = send(client, f"{page}/preview", chosen, form=page, headers=HTMX)
    assert 'id="axes"' not in answer.text


def test_the_result_shows_without_javascript_and_saves_nothing(client: FlaskClient, api: Api, desk: Cast) -> None:
    page = prepared(client, api)
    chosen = {"category": "fault", "impact": "3", "urgency": "3", "severity": "3"}
    answer = send(client, f"{page}/preview", chosen, form=page)
    assert answer.status_code == 200
    assert "P0" in answer.text
    assert client.get(page.removesuffix("/triage")).text.count("待分级") > 0


def test_a_refusal_by_state_stays_on_the_form(client: FlaskClient, api: Api, desk: Cast) -> None:
    page = prepared(client, api).removesuffix("/triage")
    other = registered(api, customer={"name": "李四", "phone": "13900001111"})
    answer = send(client, f"{page}/merge", {"into": other, "reason": "看起来一样"}, form=f"{page}/merge")
    assert answer.status_code == 409
    assert "看起来一样" in answer.text
    assert "data-errors" in answer.text
