"""What was computed of each patient."""

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, Index, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from twin.store.tables.columns import metadata, now, patient_id, time

twin = Table(
    "twin",
    metadata,
    patient_id(primary_key=True),
    time("stale_since"),
    time("queued_at"),
    time("computed_at"),
    time("as_of"),
    time("judged_at"),
    time("look_at"),
    Column("revision", BigInteger, nullable=False, server_default="0"),
    Column("model_version", Text),
    Column("body", JSONB),
    Column("quiet", JSONB),
    Column("error", Text),
    Index("ix_twin_quiet", "patient_id", postgresql_where=text("jsonb_array_length(quiet) > 0")),
    Index("ix_twin_stale", "stale_since", postgresql_where=text("stale_since is not null")),
)

forecast = Table(
    "forecast",
    metadata,
    patient_id(primary_key=True),
    Column("organ", Text, primary_key=True),
    Column("model_version", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    now("computed_at"),
)

organ_state = Table(
    "organ_state",
    metadata,
    patient_id(primary_key=True),
    Column("organ", Text, primary_key=True),
    time("as_of", required=True),
    Column("model_version", Text, nullable=False),
    Column("last_fact", BigInteger, nullable=False),
    Column("signals", JSONB, nullable=False),
    Column("keys", ARRAY(Text), nullable=False),
    Column("lines", LargeBinary, nullable=False),
)

twin_view = Table(
    "twin_view",
    metadata,
    patient_id(primary_key=True),
    Column("as_of", DateTime(timezone=True), primary_key=True),
    now("requested_at"),
    time("computed_at"),
    Column("body", JSONB),
)
