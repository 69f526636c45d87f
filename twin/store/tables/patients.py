"""Who the patients are: identifiers, versions, links between records, and matches a person reviews."""

from sqlalchemy import Column, Date, Float, ForeignKey, Index, Table, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from twin.store.tables.columns import metadata, now, own_id, patient_id, time

patient = Table(
    "patient",
    metadata,
    Column("id", UUID(as_uuid=False), primary_key=True),
    Column("name", Text, nullable=False),
    Column("sex", Text, nullable=False),
    Column("birth_date", Date),
    now("created_at"),
    Column("name_key", Text, nullable=False, server_default=""),
)

Index("ix_patient_name", func.lower(patient.c.name).label("name"), postgresql_ops={"name": "text_pattern_ops"})
Index("ix_patient_birth_date", patient.c.birth_date)
Index("ix_patient_name_key", patient.c.name_key, patient.c.birth_date)

patient_identifier = Table(
    "patient_identifier",
    metadata,
    Column("system", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("kind", Text, nullable=False, server_default=""),
    patient_id(),
    Index(None, "patient_id"),
    Index("ix_patient_identifier_value", "value", postgresql_ops={"value": "text_pattern_ops"}),
)

patient_version = Table(
    "patient_version",
    metadata,
    own_id(),
    patient_id(),
    time("known_at", required=True),
    Column("name", Text, nullable=False),
    Column("sex", Text, nullable=False),
    Column("birth_date", Date),
    Index(None, "patient_id"),
)

patient_link = Table(
    "patient_link",
    metadata,
    own_id(),
    Column("retired_id", UUID(as_uuid=False), ForeignKey("patient.id"), nullable=False),
    Column("into_id", UUID(as_uuid=False), ForeignKey("patient.id"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("linked_by", Text, nullable=False),
    time("linked_at", required=True),
    Column("unlinked_by", Text),
    time("unlinked_at"),
    Column("unlink_reason", Text),
    Index("uq_patient_link_live", "retired_id", unique=True, postgresql_where=text("unlinked_at is null")),
    Index(None, "into_id"),
)

match_review = Table(
    "match_review",
    metadata,
    own_id(),
    patient_id(),
    Column("candidate_id", UUID(as_uuid=False), ForeignKey("patient.id"), nullable=False),
    Column("score", Float, nullable=False),
    Column("grade", Text, nullable=False),
    Column("evidence", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    time("created_at", required=True),
    time("decided_at"),
    Column("decided_by", Text),
    Column("reason", Text),
    UniqueConstraint("patient_id", "candidate_id"),
    Index("ix_match_review_open", "id", postgresql_where=text("status = 'open'")),
)
