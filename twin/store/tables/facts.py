"""What is known of each patient."""

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from twin.store.tables.columns import metadata, now, own_id, patient_id, time

fact = Table(
    "fact",
    metadata,
    own_id(),
    patient_id(),
    Column("item_id", BigInteger, ForeignKey("import_item.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("code_system", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("display", Text, nullable=False, server_default=""),
    Column("other_codings", JSONB),
    Column("value_kind", Text, nullable=False),
    Column("value", Text),
    Column("value_coding", JSONB),
    Column("comparator", Text),
    Column("unit", Text),
    time("observed_at", required=True),
    time("ended_at"),
    time("known_at", required=True),
    Column("known_basis", Text, nullable=False),
    now("recorded_at"),
    time("superseded_at"),
    Column("import_id", BigInteger, ForeignKey("import_run.id"), nullable=False),
    Column("place", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("part", Text, nullable=False, server_default=""),
    Column("device", Text),
    Column("sd", Float),
    Column("status", Text, nullable=False),
    # derived on writing, made again by `twin remap`
    Column("signal", Text),
    Column("canonical_value", Float),
    Column("canonical_code", Text),
    Column("quality", Text, nullable=False),
    Column("mapping_version", Text, nullable=False),
    Index(None, "patient_id", "observed_at"),
    Index(None, "item_id"),
)
