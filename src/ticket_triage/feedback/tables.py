"""The tables of the decision log, as the newest migration leaves them."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Dialect


class Moment(sa.TypeDecorator[datetime]):
    """A time with its zone, on SQLite too: kept as UTC, given back as UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """As it is kept."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """As it was given, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


META = sa.MetaData()
# SQLite counts up by itself only what is exactly INTEGER.
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

DECISIONS = sa.Table(
    "decisions",
    META,
    sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),  # in the order of storing
    sa.Column("prediction_id", sa.Text, nullable=False),
    sa.Column("shadow", sa.Boolean, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("model_name", sa.Text, nullable=False),
    sa.Column("model_version", sa.Text, nullable=False),
    sa.Column("variant", sa.Text, nullable=False),
    sa.Column("caller", sa.Text),
    sa.Column("request_id", sa.Text),
    sa.Column("customer", sa.Text),  # a keyed hash
    # What is counted and compared, out of `answer`.
    sa.Column("category", sa.Text),
    sa.Column("priority", sa.Text),
    sa.Column("decision", sa.Text),
    sa.Column("latency_ms", sa.Float, nullable=False),
    sa.Column("cached", sa.Boolean, nullable=False),
    sa.Column("degraded", sa.Boolean, nullable=False),
    sa.Column("ticket", sa.JSON, nullable=False),  # the masked input, exactly as the model saw it
    sa.Column("answer", sa.JSON, nullable=False),
    # An answer and the one that was made in its shadow may have one id.
    sa.UniqueConstraint("prediction_id", "shadow", name="decisions_id"),
    sa.Index("decisions_at", "at"),
    sa.Index("decisions_customer", "customer"),
)

CORRECTIONS = sa.Table(
    "corrections",
    META,
    sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("correction_id", sa.Text, nullable=False, unique=True),
    sa.Column("prediction_id", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("category", sa.Text),
    sa.Column("priority", sa.Text),
    sa.Column("by", sa.Text),
    sa.Column("note", sa.Text),
    sa.Index("corrections_prediction", "prediction_id"),
)

AUDIT = sa.Table(
    "audit",
    META,
    sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("audit_id", sa.Text, nullable=False, unique=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("action", sa.Text, nullable=False),  # correct, expire or forget
    sa.Column("by", sa.Text),
    sa.Column("customer", sa.Text),  # a keyed hash; of who was forgotten
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Index("audit_customer", "customer"),
)
