"""The schema of the first version.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The audit trail is append-only: the database itself refuses every change.
SQLITE_TRIGGERS = (
    (
        "CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry BEGIN SELECT RAISE(ABORT, "
        "'the audit trail is append-only'); END"
    ),
    (
        "CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry BEGIN SELECT RAISE(ABORT, "
        "'the audit trail is append-only'); END"
    ),
    (
        "CREATE TRIGGER audit_entry_no_replace BEFORE INSERT ON audit_entry WHEN EXISTS (SELECT 1 FROM "
        "audit_entry WHERE id = NEW.id OR digest = NEW.digest) BEGIN SELECT RAISE(ABORT, 'the audit "
        "trail is append-only'); END"
    ),
)
POSTGRESQL_TRIGGERS = (
    (
        "CREATE OR REPLACE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'the audit trail is append-only'; END $$"
    ),
    (
        "CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW "
        "EXECUTE FUNCTION audit_entry_refuse()"
    ),
    (
        "CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry FOR EACH STATEMENT "
        "EXECUTE FUNCTION audit_entry_refuse()"
    ),
)
# People belong to departments, and departments are led by people: PostgreSQL takes these when both tables are there.
# SQLite can't add a constraint later and doesn't need to: it looks at foreign keys when rows are written.
LATE_FOREIGN_KEYS = (
    ("fk_department_contact_id", "department", "user", "contact_id"),
    ("fk_department_manager_id", "department", "user", "manager_id"),
)
TABLES = (
    "audit_entry",
    "audit_head",
    "category",
    "data_key",
    "department",
    "heartbeat",
    "installation",
    "outbox_message",
    "periodic_slot",
    "priority_cell",
    "product",
    "reference_counter",
    "sla_policy",
    "stored_answer",
    "throttle",
    "product_batch",
    "routing_rule",
    "sla_target",
    "user",
    "api_token",
    "customer",
    "customer_match",
    "deputyship",
    "draft",
    "password_reset",
    "recovery_code",
    "user_role",
    "user_session",
    "user_skill",
    "contact",
    "contact_index",
    "privacy_request",
    "purchase",
    "reveal",
    "ticket",
    "assignment",
    "cycle",
    "escalation",
    "invalidation",
    "notification",
    "participation",
    "ticket_event",
    "ticket_link",
    "ticket_merge",
    "follow_up",
    "message",
    "pause",
    "sla_clock",
    "follow_up_attempt",
)


def upgrade() -> None:
    create_audit_entry()
    create_audit_head()
    create_category()
    create_data_key()
    create_department()
    create_heartbeat()
    create_installation()
    create_outbox_message()
    create_periodic_slot()
    create_priority_cell()
    create_product()
    create_reference_counter()
    create_sla_policy()
    create_stored_answer()
    create_throttle()
    create_product_batch()
    create_routing_rule()
    create_sla_target()
    create_user()
    create_api_token()
    create_customer()
    create_customer_match()
    create_deputyship()
    create_draft()
    create_password_reset()
    create_recovery_code()
    create_user_role()
    create_user_session()
    create_user_skill()
    create_contact()
    create_contact_index()
    create_privacy_request()
    create_purchase()
    create_reveal()
    create_ticket()
    create_assignment()
    create_cycle()
    create_escalation()
    create_invalidation()
    create_notification()
    create_participation()
    create_ticket_event()
    create_ticket_link()
    create_ticket_merge()
    create_follow_up()
    create_message()
    create_pause()
    create_sla_clock()
    create_follow_up_attempt()
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if not is_sqlite:
        for name, table, target, column in LATE_FOREIGN_KEYS:
            op.create_foreign_key(name, table, target, [column], ["id"])
    for statement in SQLITE_TRIGGERS if is_sqlite else POSTGRESQL_TRIGGERS:
        op.execute(statement)


def downgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if not is_sqlite:
        for name, table, _target, _column in LATE_FOREIGN_KEYS:
            op.drop_constraint(name, table, type_="foreignkey")
    for table in reversed(TABLES):
        op.drop_table(table)
    if not is_sqlite:
        op.execute("DROP FUNCTION audit_entry_refuse()")


def create_audit_entry() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("standing_for", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject_kind", sa.String(length=32), nullable=True),
        sa.Column("subject_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("request_id", sa.String(length=40), nullable=True),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
        sa.UniqueConstraint("digest", name="uq_audit_entry_digest"),
    )
    op.create_index("ix_audit_entry_action_id", "audit_entry", ["action", "id"])
    op.create_index("ix_audit_entry_actor_id_id", "audit_entry", ["actor_id", "id"])
    op.create_index("ix_audit_entry_subject", "audit_entry", ["subject_kind", "subject_id", "id"])


def create_audit_head() -> None:
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )


def create_category() -> None:
    op.create_table(
        "category",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("impact", sa.Integer(), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("complaint", sa.Boolean(), nullable=False),
        sa.Column("form5", sa.String(length=16), nullable=False),
        sa.Column("other_person", sa.String(length=16), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["category.id"], name="fk_category_parent_id"),
        sa.PrimaryKeyConstraint("id", name="pk_category"),
        sa.UniqueConstraint("code", name="uq_category_code"),
    )
    op.create_index("ix_category_parent_id", "category", ["parent_id"])


def create_data_key() -> None:
    op.create_table(
        "data_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_kind", sa.String(length=16), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("kek_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_data_key"),
        sa.UniqueConstraint("uid", name="uq_data_key_uid"),
    )
    op.create_index("ix_data_key_kek_id", "data_key", ["kek_id"])
    op.create_index("ix_data_key_owner_kind_owner_id", "data_key", ["owner_kind", "owner_id"])


def create_department() -> None:
    op.create_table(
        "department",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("manager_id", sa.Integer(), nullable=True),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["user.id"], name="fk_department_contact_id", use_alter=True),
        sa.ForeignKeyConstraint(["manager_id"], ["user.id"], name="fk_department_manager_id", use_alter=True),
        sa.PrimaryKeyConstraint("id", name="pk_department"),
        sa.UniqueConstraint("code", name="uq_department_code"),
        sa.UniqueConstraint("name", name="uq_department_name"),
    )


def create_heartbeat() -> None:
    op.create_table(
        "heartbeat",
        sa.Column("worker", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("worker", name="pk_heartbeat"),
    )


def create_installation() -> None:
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_installation"),
    )


def create_outbox_message() -> None:
    op.create_table(
        "outbox_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("dedupe_key", sa.String(length=160), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease", sa.String(length=32), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_message"),
        sa.UniqueConstraint("dedupe_key", name="uq_outbox_message_dedupe_key"),
    )
    op.create_index(
        "ix_outbox_message_due",
        "outbox_message",
        ["due_at", "id"],
        sqlite_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
    )


def create_periodic_slot() -> None:
    op.create_table(
        "periodic_slot",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", "slot", name="pk_periodic_slot"),
    )


def create_priority_cell() -> None:
    op.create_table(
        "priority_cell",
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("impact", sa.Integer(), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("priority", sa.String(length=2), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("severity", "impact", "urgency", name="pk_priority_cell"),
    )


def create_product() -> None:
    op.create_table(
        "product",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("line", sa.String(length=80), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_product"),
        sa.UniqueConstraint("code", name="uq_product_code"),
    )


def create_reference_counter() -> None:
    op.create_table(
        "reference_counter",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("period", sa.String(length=8), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "period", name="pk_reference_counter"),
    )


def create_sla_policy() -> None:
    op.create_table(
        "sla_policy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("tiers", sa.JSON(), nullable=False),
        sa.Column("pauses_in_waiting", sa.Boolean(), nullable=False),
        sa.Column("promise_counts", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sla_policy"),
        sa.UniqueConstraint("code", name="uq_sla_policy_code"),
    )


def create_stored_answer() -> None:
    op.create_table(
        "stored_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(length=160), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("body_digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stored_answer"),
        sa.UniqueConstraint("scope", "key", name="uq_stored_answer_scope_key"),
        sa.UniqueConstraint("uid", name="uq_stored_answer_uid"),
    )
    op.create_index("ix_stored_answer_created_at", "stored_answer", ["created_at"])


def create_throttle() -> None:
    op.create_table(
        "throttle",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_throttle"),
        sa.UniqueConstraint("key", name="uq_throttle_key"),
    )


def create_product_batch() -> None:
    op.create_table(
        "product_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_product_batch_product_id"),
        sa.PrimaryKeyConstraint("id", name="pk_product_batch"),
        sa.UniqueConstraint("product_id", "code", name="uq_product_batch_product_id_code"),
    )


def create_routing_rule() -> None:
    op.create_table(
        "routing_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=True),
        sa.Column("priority", sa.String(length=2), nullable=True),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("tier", sa.String(length=16), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=True),
        sa.Column("assisting", sa.JSON(), nullable=False),
        sa.Column("escalate", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name="fk_routing_rule_department_id"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_routing_rule_product_id"),
        sa.PrimaryKeyConstraint("id", name="pk_routing_rule"),
    )


def create_sla_target() -> None:
    op.create_table(
        "sla_target",
        sa.Column("policy_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("priority", sa.String(length=2), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["policy_id"], ["sla_policy.id"], name="fk_sla_target_policy_id"),
        sa.PrimaryKeyConstraint("policy_id", "kind", "priority", name="pk_sla_target"),
    )


def create_user() -> None:
    op.create_table(
        "user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("totp", sa.LargeBinary(), nullable=True),
        sa.Column("totp_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("totp_last_step", sa.Integer(), nullable=True),
        sa.Column("mail_wanted", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name="fk_user_department_id"),
        sa.PrimaryKeyConstraint("id", name="pk_user"),
        sa.UniqueConstraint("login", name="uq_user_login"),
        sa.UniqueConstraint("uid", name="uq_user_uid"),
    )


def create_api_token() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_api_token_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("digest", name="uq_api_token_digest"),
    )
    op.create_index("ix_api_token_user_id", "api_token", ["user_id"])


def create_customer() -> None:
    op.create_table(
        "customer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("no", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("tier", sa.String(length=16), nullable=False),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("company", sa.LargeBinary(), nullable=True),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("merged_into_id", sa.Integer(), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["merged_into_id"], ["customer.id"], name="fk_customer_merged_into_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["user.id"], name="fk_customer_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_customer"),
        sa.UniqueConstraint("no", name="uq_customer_no"),
        sa.UniqueConstraint("uid", name="uq_customer_uid"),
    )
    op.create_index("ix_customer_created_at_id", "customer", ["created_at", "id"])
    op.create_index("ix_customer_staff_id", "customer", ["staff_id"])


def create_customer_match() -> None:
    op.create_table(
        "customer_match",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("customer_ids", sa.JSON(), nullable=False),
        sa.Column("more", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_customer_match_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_customer_match"),
        sa.UniqueConstraint("uid", name="uq_customer_match_uid"),
    )
    op.create_index("ix_customer_match_user_id_expires_at", "customer_match", ["user_id", "expires_at"])


def create_deputyship() -> None:
    op.create_table(
        "deputyship",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("deputy_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["deputy_id"], ["user.id"], name="fk_deputyship_deputy_id"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_deputyship_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_deputyship"),
    )
    op.create_index("ix_deputyship_deputy_id", "deputyship", ["deputy_id"])
    op.create_index("ix_deputyship_user_id", "deputyship", ["user_id"])


def create_draft() -> None:
    op.create_table(
        "draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(length=200), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_draft_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_draft"),
        sa.UniqueConstraint("uid", name="uq_draft_uid"),
        sa.UniqueConstraint("user_id", "slot", name="uq_draft_user_id_slot"),
    )
    op.create_index("ix_draft_updated_at", "draft", ["updated_at"])


def create_password_reset() -> None:
    op.create_table(
        "password_reset",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_password_reset_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_password_reset"),
        sa.UniqueConstraint("digest", name="uq_password_reset_digest"),
    )
    op.create_index("ix_password_reset_user_id", "password_reset", ["user_id"])


def create_recovery_code() -> None:
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_recovery_code_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_code"),
    )
    op.create_index("ix_recovery_code_user_id", "recovery_code", ["user_id"])


def create_user_role() -> None:
    op.create_table(
        "user_role",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_user_role_user_id"),
        sa.PrimaryKeyConstraint("user_id", "role", name="pk_user_role"),
    )
    op.create_index("ix_user_role_role", "user_role", ["role"])


def create_user_session() -> None:
    op.create_table(
        "user_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("second_factor_pending", sa.Boolean(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_user_session_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_user_session"),
        sa.UniqueConstraint("token_digest", name="uq_user_session_token_digest"),
    )
    op.create_index("ix_user_session_user_id", "user_session", ["user_id"])


def create_user_skill() -> None:
    op.create_table(
        "user_skill",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("skill", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_user_skill_user_id"),
        sa.PrimaryKeyConstraint("user_id", "skill", name="pk_user_skill"),
    )
    op.create_index("ix_user_skill_skill", "user_skill", ["skill"])


def create_contact() -> None:
    op.create_table(
        "contact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_contact_customer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_contact"),
        sa.UniqueConstraint("uid", name="uq_contact_uid"),
    )
    op.create_index("ix_contact_customer_id", "contact", ["customer_id"])


def create_contact_index() -> None:
    op.create_table(
        "contact_index",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_contact_index_customer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_contact_index"),
        sa.UniqueConstraint(
            "customer_id", "kind", "key_id", "digest", name="uq_contact_index_customer_id_kind_key_id_digest"
        ),
    )
    op.create_index("ix_contact_index_customer_id", "contact_index", ["customer_id"])
    op.create_index("ix_contact_index_kind_digest", "contact_index", ["kind", "digest"])


def create_privacy_request() -> None:
    op.create_table(
        "privacy_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name="fk_privacy_request_by_id"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_privacy_request_customer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_privacy_request"),
    )
    op.create_index("ix_privacy_request_customer_id", "privacy_request", ["customer_id"])


def create_purchase() -> None:
    op.create_table(
        "purchase",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("facts", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["product_batch.id"], name="fk_purchase_batch_id"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_purchase_customer_id"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_purchase_product_id"),
        sa.PrimaryKeyConstraint("id", name="pk_purchase"),
        sa.UniqueConstraint("uid", name="uq_purchase_uid"),
    )
    op.create_index("ix_purchase_customer_id", "purchase", ["customer_id"])


def create_reveal() -> None:
    op.create_table(
        "reveal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_reveal_customer_id"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_reveal_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_reveal"),
    )
    op.create_index("ix_reveal_user_id_at", "reveal", ["user_id", "at"])


def create_ticket() -> None:
    op.create_table(
        "ticket",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("no", sa.String(length=24), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("once", sa.String(length=80), nullable=True),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("reported_name", sa.LargeBinary(), nullable=True),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("product_text", sa.String(length=200), nullable=False),
        sa.Column("story_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("story_redacted", sa.Text(), nullable=False),
        sa.Column("facts_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("facts_redacted", sa.JSON(), nullable=False),
        sa.Column("remark_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("remark_redacted", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=True),
        sa.Column("impact", sa.Integer(), nullable=True),
        sa.Column("urgency", sa.Integer(), nullable=True),
        sa.Column("severity", sa.Integer(), nullable=True),
        sa.Column("impact_effective", sa.Integer(), nullable=True),
        sa.Column("urgency_effective", sa.Integer(), nullable=True),
        sa.Column("severity_effective", sa.Integer(), nullable=True),
        sa.Column("axis_notes_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("axis_notes_redacted", sa.JSON(), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("priority", sa.String(length=2), nullable=True),
        sa.Column("priority_rank", sa.Integer(), nullable=False),
        sa.Column("priority_rule", sa.String(length=40), nullable=True),
        sa.Column("urgency_preset", sa.Integer(), nullable=True),
        sa.Column("home_department_id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("first_department_id", sa.Integer(), nullable=True),
        sa.Column("assignee_id", sa.Integer(), nullable=True),
        sa.Column("registrar_id", sa.Integer(), nullable=False),
        sa.Column("follow_up_holder_id", sa.Integer(), nullable=True),
        sa.Column("wrong_routings", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_for", sa.DateTime(timezone=True), nullable=True),
        sa.Column("planned_set_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("complaint", sa.Boolean(), nullable=False),
        sa.Column("flagged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("merged_into_id", sa.Integer(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Integer(), nullable=True),
        sa.Column("closed_as", sa.String(length=16), nullable=True),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.CheckConstraint("priority_rank between 0 and 9", name=op.f("ck_ticket_priority_rank")),
        sa.ForeignKeyConstraint(["assignee_id"], ["user.id"], name="fk_ticket_assignee_id"),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name="fk_ticket_category_id"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_ticket_customer_id"),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name="fk_ticket_department_id"),
        sa.ForeignKeyConstraint(["follow_up_holder_id"], ["user.id"], name="fk_ticket_follow_up_holder_id"),
        sa.ForeignKeyConstraint(["home_department_id"], ["department.id"], name="fk_ticket_home_department_id"),
        sa.ForeignKeyConstraint(["merged_into_id"], ["ticket.id"], name="fk_ticket_merged_into_id"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_ticket_product_id"),
        sa.ForeignKeyConstraint(["registrar_id"], ["user.id"], name="fk_ticket_registrar_id"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket"),
        sa.UniqueConstraint("day", "seq", name="uq_ticket_day_seq"),
        sa.UniqueConstraint("no", name="uq_ticket_no"),
        sa.UniqueConstraint("once", name="uq_ticket_once"),
        sa.UniqueConstraint("uid", name="uq_ticket_uid"),
    )
    op.create_index("ix_ticket_assignee_updated", "ticket", ["assignee_id", "status", "updated_at", "id"])
    op.create_index("ix_ticket_category_updated", "ticket", ["category_id", "updated_at", "id"])
    op.create_index("ix_ticket_customer", "ticket", ["customer_id", "id"])
    op.create_index("ix_ticket_department_due", "ticket", ["department_id", "next_due_at", "id"])
    op.create_index("ix_ticket_department_priority", "ticket", ["department_id", "priority_rank", "id"])
    op.create_index("ix_ticket_department_status", "ticket", ["department_id", "status", "updated_at", "id"])
    op.create_index("ix_ticket_department_updated", "ticket", ["department_id", "updated_at", "id"])
    op.create_index("ix_ticket_due", "ticket", ["next_due_at", "id"])
    op.create_index("ix_ticket_follow_up_holder_id", "ticket", ["follow_up_holder_id"])
    op.create_index("ix_ticket_home_due", "ticket", ["home_department_id", "next_due_at", "id"])
    op.create_index("ix_ticket_home_priority", "ticket", ["home_department_id", "priority_rank", "id"])
    op.create_index("ix_ticket_home_status", "ticket", ["home_department_id", "status", "updated_at", "id"])
    op.create_index("ix_ticket_home_updated", "ticket", ["home_department_id", "updated_at", "id"])
    op.create_index("ix_ticket_merged_into_id", "ticket", ["merged_into_id"])
    op.create_index("ix_ticket_priority", "ticket", ["priority_rank", "id"])
    op.create_index("ix_ticket_product_id", "ticket", ["product_id"])
    op.create_index("ix_ticket_received", "ticket", ["received_at", "id"])
    op.create_index("ix_ticket_registrar_updated", "ticket", ["registrar_id", "updated_at", "id"])
    op.create_index("ix_ticket_status_updated", "ticket", ["status", "updated_at", "id"])
    op.create_index("ix_ticket_updated", "ticket", ["updated_at", "id"])


def create_assignment() -> None:
    op.create_table(
        "assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("assignee_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("wrong_routing", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["assignee_id"], ["user.id"], name="fk_assignment_assignee_id"),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name="fk_assignment_department_id"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_assignment_ticket_id"),
        sa.PrimaryKeyConstraint("id", name="pk_assignment"),
    )
    op.create_index("ix_assignment_ticket_id", "assignment", ["ticket_id"])


def create_cycle() -> None:
    op.create_table(
        "cycle",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reopened_by", sa.Integer(), nullable=True),
        sa.Column("triaged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_answer_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Integer(), nullable=True),
        sa.Column("at_once", sa.Boolean(), nullable=False),
        sa.Column("cause_kind", sa.String(length=16), nullable=True),
        sa.Column("root_cause_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("root_cause_redacted", sa.Text(), nullable=False),
        sa.Column("solution_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("solution_redacted", sa.Text(), nullable=False),
        sa.Column("improvement_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("improvement_redacted", sa.Text(), nullable=False),
        sa.Column("overdue_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("overdue_redacted", sa.Text(), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["resolved_by"], ["user.id"], name="fk_cycle_resolved_by"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_cycle_ticket_id"),
        sa.PrimaryKeyConstraint("id", name="pk_cycle"),
        sa.UniqueConstraint("ticket_id", "n", name="uq_cycle_ticket_id_n"),
        sa.UniqueConstraint("uid", name="uq_cycle_uid"),
    )


def create_escalation() -> None:
    op.create_table(
        "escalation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_escalation_ticket_id"),
        sa.PrimaryKeyConstraint("id", name="pk_escalation"),
    )
    op.create_index("ix_escalation_ticket_id", "escalation", ["ticket_id"])


def create_invalidation() -> None:
    op.create_table(
        "invalidation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["asked_by"], ["user.id"], name="fk_invalidation_asked_by"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_invalidation_ticket_id"),
        sa.PrimaryKeyConstraint("id", name="pk_invalidation"),
    )
    op.create_index("ix_invalidation_ticket_id", "invalidation", ["ticket_id"])


def create_notification() -> None:
    op.create_table(
        "notification",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("once", sa.String(length=80), nullable=False),
        sa.Column("standing_for", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_notification_ticket_id"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_notification_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_notification"),
    )
    op.create_index(
        "ix_notification_unread",
        "notification",
        ["user_id"],
        sqlite_where=sa.text("read_at IS NULL"),
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_index("ix_notification_user_id_id", "notification", ["user_id", "id"])
    op.create_index("uq_notification_once", "notification", ["user_id", "once"], unique=True)


def create_participation() -> None:
    op.create_table(
        "participation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("part", sa.String(length=16), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name="fk_participation_department_id"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_participation_ticket_id"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_participation_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_participation"),
    )
    op.create_index("ix_participation_department", "participation", ["department_id", "ticket_id"])
    op.create_index("ix_participation_ticket_id", "participation", ["ticket_id"])
    op.create_index("ix_participation_user", "participation", ["user_id", "part", "ticket_id"])


def create_ticket_event() -> None:
    op.create_table(
        "ticket_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("cycle_n", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("standing_for", sa.Integer(), nullable=True),
        sa.Column("from_status", sa.String(length=16), nullable=True),
        sa.Column("to_status", sa.String(length=16), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("why_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("why_redacted", sa.Text(), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name="fk_ticket_event_actor_id"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_ticket_event_ticket_id"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket_event"),
        sa.UniqueConstraint("uid", name="uq_ticket_event_uid"),
    )
    op.create_index("ix_ticket_event_ticket_id_id", "ticket_event", ["ticket_id", "id"])


def create_ticket_link() -> None:
    op.create_table(
        "ticket_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("from_id", sa.Integer(), nullable=False),
        sa.Column("to_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["from_id"], ["ticket.id"], name="fk_ticket_link_from_id"),
        sa.ForeignKeyConstraint(["to_id"], ["ticket.id"], name="fk_ticket_link_to_id"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket_link"),
        sa.UniqueConstraint("from_id", "to_id", "kind", name="uq_ticket_link_from_id_to_id_kind"),
    )
    op.create_index("ix_ticket_link_to_id", "ticket_link", ["to_id"])


def create_ticket_merge() -> None:
    op.create_table(
        "ticket_merge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("into_id", sa.Integer(), nullable=False),
        sa.Column("via_id", sa.Integer(), nullable=True),
        sa.Column("from_status", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["into_id"], ["ticket.id"], name="fk_ticket_merge_into_id"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_ticket_merge_ticket_id"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket_merge"),
    )
    op.create_index("ix_ticket_merge_into_id", "ticket_merge", ["into_id"])
    op.create_index(
        "uq_ticket_merge_current",
        "ticket_merge",
        ["ticket_id"],
        unique=True,
        sqlite_where=sa.text("undone_at IS NULL"),
        postgresql_where=sa.text("undone_at IS NULL"),
    )


def create_follow_up() -> None:
    op.create_table(
        "follow_up",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("no", sa.String(length=28), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=False),
        sa.Column("holder_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("same_person", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("solved", sa.Boolean(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("nps", sa.Integer(), nullable=True),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name="fk_follow_up_cycle_id"),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name="fk_follow_up_department_id"),
        sa.ForeignKeyConstraint(["holder_id"], ["user.id"], name="fk_follow_up_holder_id"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_follow_up_ticket_id"),
        sa.PrimaryKeyConstraint("id", name="pk_follow_up"),
        sa.UniqueConstraint("cycle_id", name="uq_follow_up_cycle_id"),
        sa.UniqueConstraint("no", name="uq_follow_up_no"),
        sa.UniqueConstraint("uid", name="uq_follow_up_uid"),
    )
    op.create_index("ix_follow_up_department", "follow_up", ["state", "department_id", "due_at", "id"])
    op.create_index("ix_follow_up_due", "follow_up", ["state", "due_at", "id"])
    op.create_index("ix_follow_up_holder", "follow_up", ["state", "holder_id", "due_at", "id"])
    op.create_index("ix_follow_up_ticket_id", "follow_up", ["ticket_id"])


def create_message() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("body_redacted", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("promised_for", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["user.id"], name="fk_message_author_id"),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name="fk_message_cycle_id"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_message_ticket_id"),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sa.UniqueConstraint("uid", name="uq_message_uid"),
    )
    op.create_index("ix_message_ticket_id_id", "message", ["ticket_id", "id"])


def create_pause() -> None:
    op.create_table(
        "pause",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name="fk_pause_cycle_id"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_pause_ticket_id"),
        sa.PrimaryKeyConstraint("id", name="pk_pause"),
    )
    op.create_index("ix_pause_ticket_id", "pause", ["ticket_id"])


def create_sla_clock() -> None:
    op.create_table(
        "sla_clock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("policy_id", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("met", sa.Boolean(), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_because", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name="fk_sla_clock_cycle_id"),
        sa.ForeignKeyConstraint(["policy_id"], ["sla_policy.id"], name="fk_sla_clock_policy_id"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_sla_clock_ticket_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sla_clock"),
    )
    op.create_index(
        "ix_sla_clock_running",
        "sla_clock",
        ["due_at", "id"],
        sqlite_where=sa.text("stopped_at IS NULL AND replaced_at IS NULL"),
        postgresql_where=sa.text("stopped_at IS NULL AND replaced_at IS NULL"),
    )
    op.create_index("ix_sla_clock_ticket_id", "sla_clock", ["ticket_id"])
    op.create_index(
        "uq_sla_clock_current",
        "sla_clock",
        ["cycle_id", "kind"],
        unique=True,
        sqlite_where=sa.text("replaced_at IS NULL"),
        postgresql_where=sa.text("replaced_at IS NULL"),
    )


def create_follow_up_attempt() -> None:
    op.create_table(
        "follow_up_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("follow_up_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=False),
        sa.Column("solved", sa.Boolean(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("nps", sa.Integer(), nullable=True),
        sa.Column("solved_note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("solved_note_redacted", sa.Text(), nullable=False),
        sa.Column("comment_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("comment_redacted", sa.Text(), nullable=False),
        sa.Column("suggestions_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("suggestions_redacted", sa.Text(), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name="fk_follow_up_attempt_by_id"),
        sa.ForeignKeyConstraint(["follow_up_id"], ["follow_up.id"], name="fk_follow_up_attempt_follow_up_id"),
        sa.PrimaryKeyConstraint("id", name="pk_follow_up_attempt"),
        sa.UniqueConstraint("uid", name="uq_follow_up_attempt_uid"),
    )
    op.create_index("ix_follow_up_attempt_follow_up_id", "follow_up_attempt", ["follow_up_id"])
