"""Decisions, corrections and the audit of what was changed."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables, and keep corrections and the audit from being rewritten."""
    op.create_table(
        "decisions",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("prediction_id", sa.Text, nullable=False),
        sa.Column("shadow", sa.Boolean, nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("model_name", sa.Text, nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("variant", sa.Text, nullable=False),
        sa.Column("caller", sa.Text),
        sa.Column("request_id", sa.Text),
        sa.Column("customer", sa.Text),
        sa.Column("category", sa.Text),
        sa.Column("priority", sa.Text),
        sa.Column("decision", sa.Text),
        sa.Column("latency_ms", sa.Float, nullable=False),
        sa.Column("cached", sa.Boolean, nullable=False),
        sa.Column("degraded", sa.Boolean, nullable=False),
        sa.Column("ticket", sa.JSON, nullable=False),
        sa.Column("answer", sa.JSON, nullable=False),
        sa.UniqueConstraint("prediction_id", "shadow", name="decisions_id"),
        sqlite_autoincrement=True,  # a number is never given twice, whatever was deleted
    )
    op.create_index("decisions_at", "decisions", ["at"])
    op.create_index("decisions_customer", "decisions", ["customer"])
    op.create_table(
        "corrections",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("correction_id", sa.Text, nullable=False, unique=True),
        sa.Column("prediction_id", sa.Text, nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("category", sa.Text),
        sa.Column("priority", sa.Text),
        sa.Column("by", sa.Text),
        sa.Column("note", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("corrections_prediction", "corrections", ["prediction_id"])
    op.create_table(
        "audit",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("audit_id", sa.Text, nullable=False, unique=True),
        sa.Column("at", _AT, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("by", sa.Text),
        sa.Column("customer", sa.Text),
        sa.Column("detail", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_customer", "audit", ["customer"])
    _refuse("corrections", "UPDATE")
    _refuse("audit", "UPDATE")
    _refuse("audit", "DELETE")


def _refuse(table: str, verb: str) -> None:
    name = f"{table}_no_{verb.lower()}"
    said = f"rows of {table} are only added"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{said}'); END")
    else:
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{said}'; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
