"""Who is calling: a person with a session in a cookie, or a program with a bearer token?"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from twin.settings import Settings
from twin.store.accounts import User
from twin.store.api_tokens import ROLE_SCOPES, Scope, find_bearer
from twin.store.session import Connection
from twin.store.web_sessions import Lifetime, find_session
from twin.web.errors import NotSignedIn


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who is calling. `name` is what the audit keeps; `csrf_token` is None for a program with a bearer token."""

    name: str
    user: User
    scopes: frozenset[Scope]
    csrf_token: str | None


def by_session(connection: Connection, token: str | None, now: datetime, life: Lifetime) -> Actor | None:
    """Return the person whose session this cookie opens."""
    session = find_session(connection, token, now=now, lifetime=life) if token else None
    if session is None:
        return None
    user = session.user
    return Actor(name=name_of(user), user=user, scopes=ROLE_SCOPES[user.role], csrf_token=session.csrf_token)


def by_token(connection: Connection, header: str, now: datetime) -> Actor:
    """Return the program that sent this `Authorization` header.

    Raises:
        NotSignedIn: the token is not a living one.
    """
    scheme, _, secret = header.partition(" ")
    bearer = find_bearer(connection, secret.strip(), now=now) if scheme.lower() == "bearer" else None
    if bearer is None:
        raise NotSignedIn("the token is unknown, expired or revoked")
    return Actor(name=f"token:{bearer.token_id}", user=bearer.user, scopes=bearer.scopes, csrf_token=None)


def name_of(user: User) -> str:
    """Return how the audit names a person."""
    return f"user:{user.username}"


def session_cookie(settings: Settings) -> str:
    """Return the cookie's name; browsers keep a `__Host-` cookie to this very host and to https."""
    return "__Host-twin_session" if settings.cookies_are_secure else "twin_session"


def lifetime(settings: Settings) -> Lifetime:
    """Return when sessions of this instance end."""
    return Lifetime(idle=timedelta(minutes=settings.idle_minutes), absolute=timedelta(hours=settings.session_hours))
