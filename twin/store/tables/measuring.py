"""What was measured in each CT series: numbers, refusals and findings with their reasons."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from twin.store.tables.columns import metadata, now

study_measurement = Table(
    "study_measurement",
    metadata,
    Column("study_id", BigInteger, ForeignKey("study.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("revision", Integer, nullable=False),
    Column("version", Text, nullable=False),
    Column("refused", Text),
    Column("body", JSONB, nullable=False, server_default="{}"),
    now("measured_at"),
)
