"""What was computed of each patient, and the CT series it rests on."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Integer, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from twin.store.tables.columns import metadata, now, own_id, patient_id, time

twin = Table(
    "twin",
    metadata,
    patient_id(primary_key=True),
    time("stale_since"),
    time("queued_at"),
    time("computed_at"),
    time("as_of"),
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

twin_view = Table(
    "twin_view",
    metadata,
    patient_id(primary_key=True),
    Column("as_of", DateTime(timezone=True), primary_key=True),
    now("requested_at"),
    time("computed_at"),
    Column("body", JSONB),
)

study = Table(
    "study",
    metadata,
    own_id(),
    patient_id(required=False),
    Column("series_uid", Text, nullable=False, unique=True),
    Column("study_uid", Text, nullable=False),
    Column("file_hash", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("import_id", BigInteger, ForeignKey("import_run.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("refused", Text),
    Column("described", JSONB, nullable=False, server_default="{}"),
    Column("screening", JSONB),
    time("acquired_at"),
    now("received_at"),
    time("screened_at"),
    Index(None, "patient_id"),
)

key_slice = Table(
    "key_slice",
    metadata,
    Column("study_id", BigInteger, ForeignKey("study.id", ondelete="CASCADE"), primary_key=True),
    Column("rank", Integer, primary_key=True),
    Column("png", LargeBinary, nullable=False),
    Column("region", JSONB, nullable=False),
)
