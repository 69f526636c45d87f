"""What a route may ask for: the database, the settings, who is calling, and proof that this caller may.

page   CurrentUser, require("clinician", ...)       a session in a cookie; unsafe methods add CsrfChecked
API    scope("record.read")                         a session or a bearer token; checks CSRF by itself
both   audited("patient.read")                      the patient of the path, with a row in the audit
"""

import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from alerts.ports import RecallStore
from twin.errors import UnknownPatient
from twin.settings import Settings
from twin.store import audit
from twin.store.accounts import Role, User
from twin.store.alerts import PostgresAlerts
from twin.store.api_tokens import Scope
from twin.store.audit import Outcome
from twin.store.people import get_patient
from twin.store.session import Connection, Engine
from twin.web.access_log import route_of
from twin.web.caller import Actor, by_session, by_token, lifetime, name_of, session_cookie
from twin.web.errors import CsrfFailed, Forbidden, NotFound, NotSignedIn

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_FIELD, CSRF_HEADER = "csrf_token", "X-CSRF-Token"
CSRF_COOKIE = "twin_csrf"  # stands in for the session's token until there is a session


def engine(request: Request) -> Engine:
    """The database of this process."""
    return request.app.state.engine


def settings(request: Request) -> Settings:
    """The settings of this process."""
    return request.app.state.settings


def now(request: Request) -> datetime:
    """The time at which this request is judged."""
    return request.app.state.clock()


EngineDep = Annotated[Engine, Depends(engine)]
SettingsDep = Annotated[Settings, Depends(settings)]
Now = Annotated[datetime, Depends(now)]
"""The moment the request is judged at, in the site's time zone: its date is "today"."""


def recalls(engine: EngineDep) -> RecallStore:
    """The recalls of this instance."""
    return PostgresAlerts(engine)


Recalls = Annotated[RecallStore, Depends(recalls)]


def caller(request: Request, engine: EngineDep, settings: SettingsDep, now: Now) -> Actor | None:
    """Return who is calling, if anybody known.

    Raises:
        NotSignedIn: there is a token, but not a living one; a session beside it does not count.
    """
    header = request.headers.get("Authorization")
    with engine.begin() as connection:
        actor = (
            by_session(connection, request.cookies.get(session_cookie(settings)), now, lifetime(settings))
            if header is None
            else by_token(connection, header, now)
        )
    if actor is not None:
        state = request.state
        state.actor, state.user, state.language = actor, actor.user, actor.user.language
        state.csrf_token = actor.csrf_token or ""
    return actor


def current_actor(actor: Annotated[Actor | None, Depends(caller)]) -> Actor:
    """Return who is calling, by session or token."""
    if actor is None:
        raise NotSignedIn
    return actor


CurrentActor = Annotated[Actor, Depends(current_actor)]


def current_user(actor: CurrentActor) -> User:
    """Return who is signed in with a session; pages are not for programs."""
    if actor.csrf_token is None:
        raise NotSignedIn
    return actor.user


CurrentUser = Annotated[User, Depends(current_user)]


async def check_csrf(request: Request, actor: Annotated[Actor | None, Depends(caller)]) -> None:
    """Refuse an unsafe request that does not carry the token of its session (or, before sign-in, of its cookie).

    A request with a bearer token passes: no browser adds that header by itself.
    """
    if request.method in SAFE_METHODS or (actor is not None and actor.csrf_token is None):
        return
    expected = actor.csrf_token if actor else request.cookies.get(CSRF_COOKIE)
    given = request.headers.get(CSRF_HEADER) or (await request.form()).get(CSRF_FIELD)
    if not expected or not isinstance(given, str) or not hmac.compare_digest(expected.encode(), given.encode()):
        raise CsrfFailed


CsrfChecked = Depends(check_csrf)


def require(*roles: Role) -> Callable[..., User]:
    """Return a dependency for pages: the signed-in user, if one of these roles (any, where none is named)."""

    def user_in_role(request: Request, user: CurrentUser, engine: EngineDep, now: Now) -> User:
        if roles and user.role not in roles:
            _refuse(request, engine, now, needs=", ".join(roles))
        return user

    return user_in_role


def scope(name: Scope) -> Callable[..., Actor]:
    """Return a dependency for the API: who calls, if the token carries the scope, or the session's role does."""

    def actor_in_scope(
        request: Request, actor: CurrentActor, engine: EngineDep, now: Now, _: Annotated[None, CsrfHeaderChecked]
    ) -> Actor:
        if name not in actor.scopes:
            _refuse(request, engine, now, needs=name)
        return actor

    return actor_in_scope


def check_csrf_header(request: Request, actor: CurrentActor) -> None:
    """As `check_csrf`, for bodies that are not forms: only the header counts, and the body stays unread."""
    if request.method in SAFE_METHODS or actor.csrf_token is None:
        return
    if not hmac.compare_digest(actor.csrf_token.encode(), request.headers.get(CSRF_HEADER, "").encode()):
        raise CsrfFailed


CsrfHeaderChecked = Depends(check_csrf_header)


def audited(action: str) -> Callable[..., str]:
    """Return a dependency that notes who asked for the patient of the path, before anything is shown; gives the id.

    It stands after `require` or `scope`, so that who is refused there is not noted as having seen the patient.
    """

    def patient_of_path(request: Request, patient_id: str, actor: CurrentActor, engine: EngineDep, now: Now) -> str:
        resource = _resource(request)
        with engine.begin() as connection:
            found = _find(connection, patient_id)
            outcome: Outcome = "success" if found else "not_found"
            record_access(connection, actor, action, found, resource, outcome, now=now)
        if found is None:
            raise NotFound("no such patient")
        return found

    return patient_of_path


def record_access(
    connection: Connection,
    actor: Actor | User,
    action: str,
    patient_id: str | None,
    resource: str,
    outcome: Outcome = "success",
    detail: Mapping[str, object] | None = None,
    *,
    now: datetime | None = None,
) -> None:
    """Append an audit row in the caller's transaction. No name and no value in `detail`: ids, codes, counts."""
    name = actor.name if isinstance(actor, Actor) else name_of(actor)
    audit.append(
        connection, at=now or datetime.now(UTC), actor=name, action=action,
        patient_id=patient_id, resource=resource, outcome=outcome, detail=detail,
    )  # fmt: skip


def _refuse(request: Request, engine: Engine, now: datetime, *, needs: str) -> None:
    with engine.begin() as connection:
        patient = _find(connection, request.path_params.get("patient_id", ""))
        actor = request.state.actor
        record_access(connection, actor, "access", patient, _resource(request), "denied", {"needs": needs}, now=now)
    raise Forbidden(f"this needs {needs}")


def _resource(request: Request) -> str:
    return f"{request.method} {route_of(request.scope)}"


def _find(connection: Connection, patient_id: str) -> str | None:
    """Return the id in its canonical writing if it is a patient's."""
    try:
        return get_patient(connection, str(UUID(patient_id))).id
    except (ValueError, UnknownPatient):
        return None
