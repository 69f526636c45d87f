"""Which tables there are. Rows become dataclasses at the border of `twin.store`; nobody else sees them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(), primary_key=True)


def _time(name: str, *, required: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=not required)


def _now(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=text("now()"))


def _patient_id(*, required: bool = True, primary_key: bool = False) -> Column[str]:
    return Column(
        "patient_id", UUID(as_uuid=False), ForeignKey("patient.id"), nullable=not required, primary_key=primary_key
    )


# --- the record -------------------------------------------------------------------------------------------------

patient = Table(
    "patient",
    metadata,
    Column("id", UUID(as_uuid=False), primary_key=True),
    Column("name", Text, nullable=False),
    Column("sex", Text, nullable=False),
    Column("birth_date", Date),
    _now("created_at"),
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
    _patient_id(),
    Index(None, "patient_id"),
    Index("ix_patient_identifier_value", "value", postgresql_ops={"value": "text_pattern_ops"}),
)

patient_version = Table(
    "patient_version",
    metadata,
    _id(),
    _patient_id(),
    _time("known_at", required=True),
    Column("name", Text, nullable=False),
    Column("sex", Text, nullable=False),
    Column("birth_date", Date),
    Index(None, "patient_id"),
)

patient_link = Table(
    "patient_link",
    metadata,
    _id(),
    Column("retired_id", UUID(as_uuid=False), ForeignKey("patient.id"), nullable=False),
    Column("into_id", UUID(as_uuid=False), ForeignKey("patient.id"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("linked_by", Text, nullable=False),
    _time("linked_at", required=True),
    Column("unlinked_by", Text),
    _time("unlinked_at"),
    Column("unlink_reason", Text),
    Index("uq_patient_link_live", "retired_id", unique=True, postgresql_where=text("unlinked_at is null")),
    Index(None, "into_id"),
)

match_review = Table(
    "match_review",
    metadata,
    _id(),
    _patient_id(),
    Column("candidate_id", UUID(as_uuid=False), ForeignKey("patient.id"), nullable=False),
    Column("score", Float, nullable=False),
    Column("grade", Text, nullable=False),
    Column("evidence", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    _time("created_at", required=True),
    _time("decided_at"),
    Column("decided_by", Text),
    Column("reason", Text),
    UniqueConstraint("patient_id", "candidate_id"),
    Index("ix_match_review_open", "id", postgresql_where=text("status = 'open'")),
)

import_run = Table(
    "import_run",
    metadata,
    _id(),
    Column("source", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("file_hash", Text, nullable=False),
    Column("format", Text),
    Column("status", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("report", JSONB, nullable=False, server_default="{}"),
    _now("started_at"),
    _time("finished_at"),
    Column("parent_id", BigInteger, ForeignKey("import_run.id")),
    Column("options", JSONB, nullable=False, server_default="{}"),
    Column("items_done", BigInteger, nullable=False, server_default="0"),
    Column("bytes_done", BigInteger, nullable=False, server_default="0"),
    Column("bytes_total", BigInteger),
    Column("mapping_version", Text),
    _time("cancel_requested_at"),
    Index("ix_import_run_parent_id", "parent_id", postgresql_where=text("parent_id is not null")),
    Index("ix_import_run_file", "source", "file_hash"),
    Index("ix_import_run_open", "id", postgresql_where=text("status in ('uploaded', 'running')")),
)

import_item = Table(
    "import_item",
    metadata,
    _id(),
    Column("source", Text, nullable=False),
    Column("item_key", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    _patient_id(required=False),
    Column("import_id", BigInteger, ForeignKey("import_run.id"), nullable=False),
    _now("recorded_at"),
    _time("superseded_at"),
    Column("kind", Text, nullable=False, server_default=""),
    Column("resource", Text),
    _time("version_at"),
    UniqueConstraint("source", "item_key", "fingerprint"),
    Index("ix_import_item_search", "kind", "patient_id", "id", postgresql_where=text("resource is not null")),
)

item_token = Table(
    "item_token",
    metadata,
    Column("token", Text, primary_key=True),
    Column("item_id", BigInteger, ForeignKey("import_item.id"), primary_key=True),
)

import_reject = Table(
    "import_reject",
    metadata,
    _id(),
    Column("import_id", BigInteger, ForeignKey("import_run.id"), nullable=False),
    Column("place", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Column("body", Text),
    Column("source", Text, nullable=False, server_default=""),
    Column("format", Text),
    Column("item_key", Text, nullable=False, server_default=""),
    Column("fingerprint", Text, nullable=False, server_default=""),
    Column("kind", Text, nullable=False, server_default=""),
    _patient_id(required=False),
    Column("status", Text, nullable=False, server_default="waiting"),
    _now("received_at"),
    _time("resolved_at"),
    Column("resolved_by", Text),
    Column("resolved_import_id", BigInteger, ForeignKey("import_run.id")),
    Column("note", Text),
    Index(None, "import_id"),
    Index("ix_import_reject_waiting", "source", "item_key", "fingerprint", postgresql_where=text("status = 'waiting'")),
)

local_code = Table(
    "local_code",
    metadata,
    Column("source", Text, primary_key=True),
    Column("system", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("added_by", Text, nullable=False),
    _time("added_at", required=True),
)

local_unit = Table(
    "local_unit",
    metadata,
    Column("text", Text, primary_key=True),
    Column("ucum", Text, nullable=False),
    Column("added_by", Text, nullable=False),
    _time("added_at", required=True),
)

scoring_file = Table(
    "scoring_file",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("header", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("added_by", Text, nullable=False),
    _time("added_at", required=True),
)

idempotent_request = Table(
    "idempotent_request",
    metadata,
    Column("actor", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_hash", Text, nullable=False),
    _time("claimed_at", required=True),
    Column("status", Integer),
    Column("headers", JSONB),
    Column("body", LargeBinary),
)

fact = Table(
    "fact",
    metadata,
    _id(),
    _patient_id(),
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
    _time("observed_at", required=True),
    _time("ended_at"),
    _time("known_at", required=True),
    Column("known_basis", Text, nullable=False),
    _now("recorded_at"),
    _time("superseded_at"),
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

# --- the twin ---------------------------------------------------------------------------------------------------

twin = Table(
    "twin",
    metadata,
    _patient_id(primary_key=True),
    _time("stale_since"),
    _time("queued_at"),
    _time("computed_at"),
    _time("as_of"),
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
    _patient_id(primary_key=True),
    Column("organ", Text, primary_key=True),
    Column("model_version", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    _now("computed_at"),
)

twin_view = Table(
    "twin_view",
    metadata,
    _patient_id(primary_key=True),
    Column("as_of", DateTime(timezone=True), primary_key=True),
    _now("requested_at"),
    _time("computed_at"),
    Column("body", JSONB),
)

study = Table(
    "study",
    metadata,
    _id(),
    _patient_id(required=False),
    Column("series_uid", Text, nullable=False, unique=True),
    Column("study_uid", Text, nullable=False),
    Column("file_hash", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("import_id", BigInteger, ForeignKey("import_run.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("refused", Text),
    Column("described", JSONB, nullable=False, server_default="{}"),
    Column("screening", JSONB),
    _time("acquired_at"),
    _now("received_at"),
    _time("screened_at"),
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

# --- recalls and reminders --------------------------------------------------------------------------------------

recall = Table(
    "recall",
    metadata,
    Column("id", UUID(as_uuid=False), primary_key=True),
    _patient_id(),
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
    _time("opened_at", required=True),
    Column("owner", Text),
    _time("approved_at"),
    Column("approved_by", Text),
    Column("snoozed_until", Date),
    Column("snoozed_until_new_data", Boolean, nullable=False, server_default="false"),
    Column("reminded_due_for", Date),
    Column("reminded_overdue_for", Date),
    _time("closed_at"),
    Column("closing", JSONB),
    Index("uq_recall_live", "patient_id", "key", unique=True, postgresql_where=text("state = 'open'")),
    Index("ix_recall_open_from", "due_from", "id", postgresql_where=text("state = 'open'")),
    Index("ix_recall_open_due", "due_at", "id", postgresql_where=text("state = 'open'")),
    Index(None, "patient_id"),
)

recall_event = Table(
    "recall_event",
    metadata,
    _id(),
    Column("recall_id", UUID(as_uuid=False), ForeignKey("recall.id"), nullable=False),
    _time("at", required=True),
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
    _time("created_at", required=True),
    _time("not_before"),
    _time("claimed_until"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_error", Text),
    _time("handed_over_at"),
    _time("sent_at"),
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
    _time("created_at", required=True),
    _time("read_at"),
    Index(None, "recipient", "created_at"),
)

# --- people and what they did -----------------------------------------------------------------------------------

user_account = Table(
    "user_account",
    metadata,
    _id(),
    Column("username", Text, nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("email", Text),
    Column("language", Text, nullable=False, server_default="en"),
    Column("active", Boolean, nullable=False, server_default="true"),
    Column("failed_attempts", Integer, nullable=False, server_default="0"),
    _time("locked_until"),
    _now("created_at"),
)

web_session = Table(
    "web_session",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("user_id", BigInteger, ForeignKey("user_account.id", ondelete="CASCADE"), nullable=False),
    Column("csrf_token", Text, nullable=False),
    _time("created_at", required=True),
    _time("last_seen_at", required=True),
    Index(None, "user_id"),
)

sign_in_attempt = Table(
    "sign_in_attempt",
    metadata,
    _id(),
    Column("address", Text, nullable=False),
    _time("at", required=True),
    Index(None, "address", "at"),
)

api_token = Table(
    "api_token",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("user_id", BigInteger, ForeignKey("user_account.id", ondelete="CASCADE"), nullable=False),
    _time("created_at", required=True),
    _time("expires_at"),
    _time("revoked_at"),
    _time("last_used_at"),
)

audit_event = Table(
    "audit_event",
    metadata,
    _id(),
    _time("at", required=True),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("patient_id", UUID(as_uuid=False)),
    Column("resource", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", JSONB, nullable=False, server_default="{}"),
    Index(None, "patient_id", "at"),
)

audit_seal = Table(
    "audit_seal",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", BigInteger, nullable=False, unique=True),
    Column("hash", Text, nullable=False),
    _time("sealed_at", required=True),
)
