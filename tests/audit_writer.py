"""A process that writes audit entries: `python -m tests.audit_writer URL COUNT`. For tests with several processes."""

import sys

from sqlalchemy.orm import Session

from app.audit import record
from app.orm import write_transaction
from tests.cast import NOON
from tests.databases import make_engine


def main(url: str, count: int) -> None:
    with Session(make_engine(url)) as session:
        for turn in range(count):
            with write_transaction(session):
                record(session, None, "process", at=NOON, data={"turn": turn})


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
