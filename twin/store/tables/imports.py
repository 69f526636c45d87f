"""What was sent: imports, their items, what was refused, and what the site says of its sources' codes."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from twin.store.tables.columns import metadata, now, own_id, patient_id, time

import_run = Table(
    "import_run",
    metadata,
    own_id(),
    Column("source", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("file_hash", Text, nullable=False),
    Column("format", Text),
    Column("status", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("report", JSONB, nullable=False, server_default="{}"),
    now("started_at"),
    time("finished_at"),
    Column("parent_id", BigInteger, ForeignKey("import_run.id")),
    Column("options", JSONB, nullable=False, server_default="{}"),
    Column("items_done", BigInteger, nullable=False, server_default="0"),
    Column("bytes_done", BigInteger, nullable=False, server_default="0"),
    Column("bytes_total", BigInteger),
    Column("mapping_version", Text),
    time("cancel_requested_at"),
    Index("ix_import_run_parent_id", "parent_id", postgresql_where=text("parent_id is not null")),
    Index("ix_import_run_file", "file_hash", "source"),
    Index("ix_import_run_open", "id", postgresql_where=text("status in ('uploaded', 'running')")),
)

import_item = Table(
    "import_item",
    metadata,
    own_id(),
    Column("source", Text, nullable=False),
    Column("item_key", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    patient_id(required=False),
    Column("import_id", BigInteger, ForeignKey("import_run.id"), nullable=False),
    now("recorded_at"),
    time("superseded_at"),
    Column("kind", Text, nullable=False, server_default=""),
    Column("resource", Text),
    time("version_at"),
    UniqueConstraint("source", "item_key", "fingerprint"),
    Index("ix_import_item_search", "kind", "patient_id", "id", postgresql_where=text("resource is not null")),
    Index("ix_import_item_recorded_at", "recorded_at", postgresql_using="brin"),
)
_UNNAMED = text("resource is not null and item_key not like kind || '/%'")
Index("ix_import_item_unnamed", func.md5(import_item.c.item_key).label("named"), postgresql_where=_UNNAMED)

item_token = Table(
    "item_token",
    metadata,
    Column("token", Text, primary_key=True),
    Column("item_id", BigInteger, ForeignKey("import_item.id"), primary_key=True),
)
_VALUE = func.substr(item_token.c.token, func.strpos(item_token.c.token, text("'|'")) + text("1"))
Index("ix_item_token_value", _VALUE.label("value"))

import_reject = Table(
    "import_reject",
    metadata,
    own_id(),
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
    patient_id(required=False),
    Column("status", Text, nullable=False, server_default="waiting"),
    now("received_at"),
    time("resolved_at"),
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
    time("added_at", required=True),
)

local_unit = Table(
    "local_unit",
    metadata,
    Column("text", Text, primary_key=True),
    Column("ucum", Text, nullable=False),
    Column("added_by", Text, nullable=False),
    time("added_at", required=True),
)

scoring_file = Table(
    "scoring_file",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("header", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("added_by", Text, nullable=False),
    time("added_at", required=True),
)

idempotent_request = Table(
    "idempotent_request",
    metadata,
    Column("actor", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_hash", Text, nullable=False),
    time("claimed_at", required=True),
    Column("status", Integer),
    Column("headers", JSONB),
    Column("body", LargeBinary),
    Index(None, "claimed_at"),
)
