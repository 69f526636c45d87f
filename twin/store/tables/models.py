"""Which fitted models this instance has, what was done with them, and what they said."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from twin.store.tables.columns import metadata, now, own_id, patient_id, time

model = Table(
    "model",
    metadata,
    own_id(),
    Column("sha256", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("version", Text, nullable=False, unique=True),
    Column("slot", Text, nullable=False),
    Column("organ", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("card", JSONB, nullable=False),
    Column("card_html", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("recalibrated_from", BigInteger, ForeignKey("model.id")),
    Column("added_by", Text, nullable=False),
    time("added_at", required=True),
    Index("uq_model_active", "slot", unique=True, postgresql_where=text("state = 'active'")),
)

model_event = Table(
    "model_event",
    metadata,
    own_id(),
    Column("model_id", BigInteger, ForeignKey("model.id"), nullable=False),
    Column("action", Text, nullable=False),
    Column("actor", Text, nullable=False),
    time("at", required=True),
    Column("detail", JSONB, nullable=False, server_default="{}"),
    Index(None, "model_id", "id"),
)

prediction = Table(
    "prediction",
    metadata,
    own_id(),
    patient_id(),
    Column("organ", Text, nullable=False),
    Column("model_id", BigInteger, ForeignKey("model.id"), nullable=False),
    time("landmark", required=True),
    Column("month", Date, nullable=False),
    Column("horizon", Float, nullable=False),
    Column("risk", Float, nullable=False),
    Column("low", Float),
    Column("high", Float),
    Column("inputs", JSONB, nullable=False),
    Column("is_shadow", Boolean, nullable=False),
    now("created_at"),
    UniqueConstraint("patient_id", "model_id", "horizon", "month"),
    Index(None, "model_id", "landmark"),
)
