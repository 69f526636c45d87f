"""Recalls, what happened to them, and what is sent because of them."""

from sqlalchemy import Boolean, Column, Date, Float, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from twin.store.tables.columns import metadata, own_id, patient_id, time

recall = Table(
    "recall",
    metadata,
    Column("id", UUID(as_uuid=False), primary_key=True),
    patient_id(),
    Column("rule_id", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("reason", JSONB, nullable=False),
    Column("evidence", JSONB, nullable=False),
    Column("examination", JSONB, nullable=False),
    Column("closes_with", ARRAY(Text), nullable=False),
    Column("due_from", Date, nullable=False),
    Column("due_at", Date, nullable=False),
    Column("overdue_at", Date, nullable=False),
    Column("priority", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("edition", Text, nullable=False),
    Column("verification", Text, nullable=False),
    Column("probability", Float),
    Column("model_version", Text, nullable=False),
    time("opened_at", required=True),
    Column("owner", Text),
    time("approved_at"),
    Column("approved_by", Text),
    Column("snoozed_until", Date),
    Column("snoozed_until_new_data", Boolean, nullable=False, server_default="false"),
    Column("reminded_due_for", Date),
    Column("reminded_overdue_for", Date),
    time("closed_at"),
    Column("closing", JSONB),
    Index("uq_recall_live", "patient_id", "key", unique=True, postgresql_where=text("state = 'open'")),
    Index("ix_recall_open_from", "due_from", "id", postgresql_where=text("state = 'open'")),
    Index("ix_recall_open_due", "due_at", "id", postgresql_where=text("state = 'open'")),
    Index(None, "patient_id"),
)

recall_event = Table(
    "recall_event",
    metadata,
    own_id(),
    Column("recall_id", UUID(as_uuid=False), ForeignKey("recall.id"), nullable=False),
    time("at", required=True),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("detail", JSONB, nullable=False, server_default="{}"),
    Index(None, "recall_id"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", UUID(as_uuid=False), primary_key=True),
    Column("dedupe_key", Text, nullable=False, unique=True),
    Column("recall_id", UUID(as_uuid=False), ForeignKey("recall.id")),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    time("created_at", required=True),
    time("not_before"),
    time("claimed_until"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_error", Text),
    time("handed_over_at"),
    time("sent_at"),
    Column("receipt", Text),
    Index("ix_outbox_pending", "created_at", postgresql_where=text("status in ('waiting', 'claimed', 'handed_over')")),
    Index(None, "recall_id"),
)

inbox_message = Table(
    "inbox_message",
    metadata,
    Column("id", UUID(as_uuid=False), primary_key=True),
    Column("outbox_id", UUID(as_uuid=False), ForeignKey("outbox.id"), unique=True),
    Column("recipient", Text, nullable=False),
    Column("recall_id", UUID(as_uuid=False), ForeignKey("recall.id")),
    Column("kind", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    time("created_at", required=True),
    time("read_at"),
    Index(None, "recipient", "created_at"),
)
