"""People, programs, and what they did."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from twin.store.tables.columns import metadata, now, own_id, time

user_account = Table(
    "user_account",
    metadata,
    own_id(),
    Column("username", Text, nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("email", Text),
    Column("language", Text, nullable=False, server_default="en"),
    Column("active", Boolean, nullable=False, server_default="true"),
    Column("failed_attempts", Integer, nullable=False, server_default="0"),
    time("locked_until"),
    time("on_duty_since"),
    now("created_at"),
)

web_session = Table(
    "web_session",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("user_id", BigInteger, ForeignKey("user_account.id", ondelete="CASCADE"), nullable=False),
    Column("csrf_token", Text, nullable=False),
    time("created_at", required=True),
    time("last_seen_at", required=True),
    Index(None, "user_id"),
)

sign_in_attempt = Table(
    "sign_in_attempt",
    metadata,
    own_id(),
    Column("address", Text, nullable=False),
    time("at", required=True),
    Index(None, "address", "at"),
)

api_token = Table(
    "api_token",
    metadata,
    own_id(),
    Column("name", Text, nullable=False),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("user_id", BigInteger, ForeignKey("user_account.id", ondelete="CASCADE"), nullable=False),
    time("created_at", required=True),
    time("expires_at"),
    time("revoked_at"),
    time("last_used_at"),
)

audit_event = Table(
    "audit_event",
    metadata,
    own_id(),
    time("at", required=True),
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
    time("sealed_at", required=True),
)
