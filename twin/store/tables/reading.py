"""When the readers were called to a CT, and the cases that their verdicts add to this site's own bank."""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Integer, LargeBinary, Table, Text

from twin.store.tables.columns import metadata, now, time

reader_call = Table(
    "reader_call",
    metadata,
    Column("study_id", BigInteger, ForeignKey("study.id", ondelete="CASCADE"), primary_key=True),
    Column("score", Float, nullable=False),
    Column("is_on_duty", Boolean, nullable=False),
    Column("messages", Integer, nullable=False),
    time("called_at", required=True),
)

local_case = Table(
    "local_case",
    metadata,
    Column("verdict_id", BigInteger, ForeignKey("verdict.id", ondelete="CASCADE"), primary_key=True),
    Column("rank", Integer, primary_key=True, autoincrement=False),
    Column("encoder", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    now("made_at"),
)
