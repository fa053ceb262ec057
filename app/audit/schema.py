"""What makes the audit trail append-only in the database itself: triggers that refuse every change.

A migration that rebuilds the table drops its triggers on SQLite, so `missing_triggers` is asserted after each upgrade.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

SQLITE_TRIGGERS: dict[str, str] = {
    "audit_entry_no_update": (
        "CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry "
        "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
    ),
    "audit_entry_no_delete": (
        "CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry "
        "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
    ),
    # REPLACE deletes without firing the trigger above.
    "audit_entry_no_replace": (
        "CREATE TRIGGER audit_entry_no_replace BEFORE INSERT ON audit_entry "
        "WHEN EXISTS (SELECT 1 FROM audit_entry WHERE id = NEW.id OR digest = NEW.digest) "
        "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
    ),
}
POSTGRESQL_FUNCTION = (
    "CREATE OR REPLACE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$"
)
POSTGRESQL_TRIGGERS: dict[str, str] = {
    "audit_entry_no_change": (
        "CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE ON audit_entry "
        "FOR EACH ROW EXECUTE FUNCTION audit_entry_refuse()"
    ),
    "audit_entry_no_truncate": (
        "CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse()"
    ),
}


def statements(dialect: str) -> Sequence[str]:
    """The DDL that creates everything, in order."""
    if dialect == "sqlite":
        return list(SQLITE_TRIGGERS.values())
    return [POSTGRESQL_FUNCTION, *POSTGRESQL_TRIGGERS.values()]


def create_triggers(connection: Connection) -> None:
    for statement in statements(connection.dialect.name):
        connection.exec_driver_sql(statement)


def missing_triggers(connection: Connection) -> list[str]:
    """Names of the triggers that ought to be there and active, but aren't."""
    if connection.dialect.name == "sqlite":
        wanted = set(SQLITE_TRIGGERS)
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_entry'"
    else:
        wanted = set(POSTGRESQL_TRIGGERS)
        query = "SELECT tgname FROM pg_trigger WHERE tgrelid = 'audit_entry'::regclass AND tgenabled IN ('O', 'A')"
    return sorted(wanted - set(connection.scalars(text(query))))
