"""Examples for the administration: its things have no distance, only a right."""

from __future__ import annotations

from typing import Any

from tests.doors.examples import NONE, Case, Where, door

CATEGORY = {"name": "另一类", "impact": "1", "urgency": "1", "severity": "1", "form5": "售后", "other_person": "prefer"}
RULE = {"department_id": "1", "category": "", "priority": "", "tier": "", "channel": "", "product_id": ""}
DAYS = {"starts_on": "2027-03-01", "ends_on": "2027-03-02"}


def _there(name: str, value: Any, unknown: Any, **filling: Any) -> tuple[Case, Case]:
    """One that exists, and one that doesn't. Callables are filled from the world."""

    def args(at: Where) -> dict[str, Any]:
        return {name: value(at) if callable(value) else value}

    return Case(args=args, **filling), Case(args={name: unknown}, gone=True, say="unknown", **filling)


def _row(name: str) -> Any:
    return lambda at: at.world.more[name]


for name in ("index", "jobs", "lonely", "matrix", "settings", "styleguide"):
    door(f"admin.{name}", "GET", Case())
door(
    "admin.audit",
    "GET",
    Case(audits=True),
    Case(query={"actor": "lin", "action": "login"}, audits=True, say="narrowed"),
)
door("admin.verify_audit", "POST", Case(form={}))
door("admin.retry_job", "POST", *_there("job_id", _row("job"), NONE, form={}))

for place in ("categories", "departments", "people", "priority", "products", "routing", "sla"):
    door(f"admin.{place}", "GET", Case())
for page in ("new_category", "new_department", "new_person", "new_product", "new_rule", "new_policy"):
    door(f"admin.{page}", "GET", Case())

# --- people and departments -------------------------------------------------------------------------------------------

PERSON = {"name": "梅兰", "email": "mei@desk.example", "department_id": "1", "version": "1"}
for endpoint, form in (
    ("edit_person", PERSON),
    ("set_person_roles", {"roles": "agent"}),
    ("set_person_skills", {"skills": "X20、英语"}),
    ("disable_person", {"heir": ""}),
    ("enable_person", {}),
    ("invite_person", {}),
    ("sign_out_person", {}),
    ("appoint_person_deputy", {"deputy": "lin"} | DAYS),
):
    door(f"admin.{endpoint}", "POST", *_there("login", "mei", "nobody-here", form=form))
door("admin.person", "GET", *_there("login", "mei", "nobody-here"))
door(
    "admin.drop_person_second_factor",
    "POST",
    *_there("login", "mei", "nobody-here", form={}),
)
door(
    "admin.end_person_deputy",
    "POST",
    Case(args=lambda at: {"login": "mei", "row_id": at.world.belongings["mei"].deputy_id}, form={}),
    Case(
        args=lambda at: {"login": "mei", "row_id": at.world.belongings["sun"].deputy_id},
        form={},
        gone=True,
        say="another person's",
    ),
)
door(
    "admin.add_person",
    "POST",
    Case(form={"login": "ning", "name": "宁静", "department_id": "1", "roles": "agent", "locale": "zh-CN"}),
)
door("admin.department", "GET", *_there("code", "sales", "nowhere"))
DEPARTMENT = {"name": "销售部", "manager_id": "", "contact_id": "", "version": "1"}
door("admin.edit_department", "POST", *_there("code", "sales", "nowhere", form=DEPARTMENT))
door("admin.retire_department", "POST", *_there("code", "legal", "nowhere", form={"version": "1"}))
door("admin.add_department", "POST", Case(form={"name": "海外部", "code": "overseas"}))

# --- rules ------------------------------------------------------------------------------------------------------------

door("admin.category", "GET", *_there("code", "fault", "none"))
door("admin.edit_category", "POST", *_there("code", "fault", "none", form=CATEGORY | {"version": "1"}))
door("admin.retire_category", "POST", *_there("code", "fault.function", "none", form={}))
door("admin.restore_category", "POST", *_there("code", "fault.function", "none", form={}))
door("admin.add_category", "POST", Case(form=CATEGORY | {"parent": "fault", "code": "extra"}))
CELLS = {f"S{s}I{i}U{u}": "P2" for s in (1, 2, 3) for i in (1, 2, 3) for u in (1, 2, 3)}
door("admin.edit_priority", "POST", Case(form=CELLS | {"version": "1"}))
door("admin.policy", "GET", *_there("code", "live", "none"))
door("admin.edit_policy", "POST", *_there("code", "live", "none", form={"name": "即时", "version": "1"}))
door("admin.retire_policy", "POST", *_there("code", "live", "none", form={"version": "1"}))
door("admin.restore_policy", "POST", *_there("code", "live", "none", form={"version": "1"}))
door("admin.add_policy", "POST", Case(form={"name": "另一种时限", "code": "another"}))
door("admin.rule", "GET", *_there("rule_id", _row("rule"), NONE))
door("admin.edit_rule", "POST", *_there("rule_id", _row("rule"), NONE, form=RULE | {"version": "1"}))
door("admin.delete_rule", "POST", *_there("rule_id", _row("rule"), NONE, form={"version": "1"}))
door("admin.move_rule", "POST", *_there("rule_id", _row("rule"), NONE, form={"to": "down", "version": "1"}))
door("admin.add_rule", "POST", Case(form=RULE))
door("admin.product", "GET", *_there("product_id", _row("product"), NONE))
door("admin.edit_product", "POST", *_there("product_id", _row("product"), NONE, form={"name": "X20", "version": "1"}))
door("admin.add_product_batch", "POST", *_there("product_id", _row("product"), NONE, form={"code": "B2608"}))
door("admin.retire_product", "POST", *_there("product_id", _row("product"), NONE, form={"version": "1"}))
door("admin.restore_product", "POST", *_there("product_id", _row("product"), NONE, form={"version": "1"}))
door("admin.add_product", "POST", Case(form={"name": "X30", "code": "X30"}))
