"""A customer with a ticket, as short as the tests of customers need it."""

from sqlalchemy.orm import Session

from app.customers import written
from app.customers.models import Customer
from app.customers.services import GivenCustomer, recognise
from app.tickets import written_columns
from app.tickets.models import Ticket
from tests.cast import NOON, Cast

assert written_columns  # registers what tickets write

NAME, PHONE, MAIL = "欧阳若兰", "13812345678", "ruolan@example.cn"
COMPANY, ADDRESS = "青藤仪器有限公司", "浙江省杭州市西湖区文三路 90 号 5 幢 201 室"
STORY = f"欧阳若兰女士来电：{PHONE} 打不通时请写信到 {MAIL}，设备重启后无法充电。"


def a_customer(session: Session, cast: Cast, **given: str) -> Customer:
    values = {"name": NAME, "phone": PHONE, "email": MAIL, "company": COMPANY, "address": ADDRESS} | given
    return recognise(session, GivenCustomer(**values), by=cast("lin"), now=NOON).customer


def a_ticket(session: Session, cast: Cast, customer: Customer, story: str = STORY, *, seq: int = 1) -> Ticket:
    service = cast.departments["service"].id
    ticket = Ticket(
        no=f"CS20240305{seq:03d}",
        day=NOON.date(),
        seq=seq,
        status="new",
        channel="phone",
        customer_id=customer.id,
        home_department_id=service,
        department_id=service,
        registrar_id=cast("lin").id,
        received_at=NOON,
        registered_at=NOON,
        updated_at=NOON,
        next_due_at=NOON,
    )
    written.write(session, ticket, "story", story, customer=customer)
    written.write_json(session, ticket, "facts", {"scene": f"{NAME}在家中", "times": 3}, customer=customer)
    session.add(ticket)
    session.flush()
    return ticket
