"""Which programs may call the API, in whose name, and how far: bearer tokens with scopes."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal, get_args

from sqlalchemy import Connection, Row, insert, or_, select, update

from twin.errors import TwinError
from twin.store.accounts import Role, User, user_of
from twin.store.tables import api_token, user_account
from twin.store.web_sessions import digest

Scope = Literal[
    "fhir.write", "fhir.read", "import.write", "record.read", "patient.write", "recall.read", "recall.write",
    "study.write", "admin",
]  # fmt: skip
SCOPES: tuple[Scope, ...] = get_args(Scope)
PREFIX = "twin_"  # lets a scanner of leaked secrets know ours

# What each role may do, and therefore the most its tokens may carry. Integrators move data they need not read, and
# administrators keep accounts: neither is at a bedside.
ROLE_SCOPES: Mapping[Role, frozenset[Scope]] = MappingProxyType(
    {
        "clinician": frozenset(
            {"record.read", "patient.write", "fhir.read", "import.write", "recall.read", "recall.write", "study.write"}
        ),
        "coordinator": frozenset({"record.read", "patient.write", "recall.read", "recall.write"}),
        "reader": frozenset({"record.read", "import.write", "recall.read", "study.write"}),
        "integrator": frozenset({"fhir.write", "fhir.read", "import.write"}),
        "admin": frozenset({"fhir.write", "import.write", "admin"}),
    }
)


class BadToken(TwinError):
    """This token cannot be made as asked."""


@dataclass(frozen=True, kw_only=True)
class ApiToken:
    """What may be told of a token; its secret was shown once, when it was made."""

    id: int
    name: str
    scopes: frozenset[Scope]
    user_id: int
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Bearer:
    """A living token: whose it is, and what it may do today (its scopes within those of its owner's role)."""

    token_id: int
    user: User
    scopes: frozenset[Scope]


def create_token(
    connection: Connection,
    owner: User,
    *,
    name: str,
    scopes: Collection[str],
    now: datetime,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Return a new token and its secret, which is not kept.

    Raises:
        BadToken: no name, no scope, an unknown scope, one that the owner's role lacks, or an end in the past.
    """
    asked = frozenset(scope for scope in SCOPES if scope in scopes)
    if not 0 < len(name.strip()) <= 100:
        raise BadToken("a token has a name of at most 100 characters")
    if not asked or len(asked) != len(frozenset(scopes)):
        raise BadToken(f"a token has one or more of these scopes: {', '.join(SCOPES)}")
    if lacking := asked - ROLE_SCOPES[owner.role]:
        raise BadToken(f"the role {owner.role} does not have the scope {', '.join(sorted(lacking))}")
    if expires_at is not None and expires_at <= now:
        raise BadToken("the token would have expired before it was made")
    secret = PREFIX + secrets.token_urlsafe(32)
    row = {"name": name.strip(), "token_hash": digest(secret), "scopes": sorted(asked), "user_id": owner.id}
    made = connection.execute(
        insert(api_token).values(created_at=now, expires_at=expires_at, **row).returning(api_token)
    ).one()
    return _token(made), secret


def list_tokens(connection: Connection, user_id: int | None = None) -> list[ApiToken]:
    """Return the tokens of one account, or of all, newest first."""
    rows = select(api_token).order_by(api_token.c.id.desc())
    if user_id is not None:
        rows = rows.where(api_token.c.user_id == user_id)
    return [_token(row) for row in connection.execute(rows)]


def revoke_token(connection: Connection, token_id: int, *, now: datetime, user_id: int | None = None) -> bool:
    """End a token (of this account, where one is given); False when there is no such living token."""
    mine = [api_token.c.id == token_id, api_token.c.revoked_at.is_(None)]
    if user_id is not None:
        mine.append(api_token.c.user_id == user_id)
    return connection.execute(update(api_token).where(*mine).values(revoked_at=now)).rowcount == 1


def find_bearer(connection: Connection, secret: str, *, now: datetime) -> Bearer | None:
    """Return who calls with this secret, if the token lives and its owner's account is active."""
    table = api_token.c
    row = connection.execute(
        select(user_account, table.id.label("token_id"), table.scopes, table.last_used_at)
        .join(api_token, table.user_id == user_account.c.id)
        .where(
            table.token_hash == digest(secret),
            table.revoked_at.is_(None),
            or_(table.expires_at.is_(None), table.expires_at > now),
            user_account.c.active,
        )
    ).one_or_none()
    if row is None:
        return None
    if row.last_used_at is None or now - row.last_used_at > timedelta(minutes=1):
        connection.execute(update(api_token).where(table.id == row.token_id).values(last_used_at=now))
    user = user_of(row)
    return Bearer(token_id=row.token_id, user=user, scopes=frozenset(row.scopes) & ROLE_SCOPES[user.role])


def _token(row: Row) -> ApiToken:
    return ApiToken(
        id=row.id, name=row.name, scopes=frozenset(row.scopes), user_id=row.user_id, created_at=row.created_at,
        expires_at=row.expires_at, revoked_at=row.revoked_at, last_used_at=row.last_used_at,
    )  # fmt: skip
