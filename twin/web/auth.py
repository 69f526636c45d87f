"""Sign in, sign out, and read in another language."""

import re
import secrets
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from twin.settings import Settings
from twin.store import audit
from twin.store.accounts import LONGEST_PASSWORD, Limits, User, find_user, set_language, verify
from twin.store.session import Engine
from twin.store.web_sessions import end_session, open_session
from twin.web.caller import lifetime, session_cookie
from twin.web.dashboard.render import render
from twin.web.deps import (
    CSRF_COOKIE,
    Actor,
    CsrfChecked,
    CurrentUser,
    EngineDep,
    Now,
    SettingsDep,
    caller,
    record_access,
)
from twin.web.i18n import COOKIE as LANGUAGE_COOKIE
from twin.web.i18n import LANGUAGES

router = APIRouter(include_in_schema=False)

YEAR = 365 * 24 * 3600  # s; how long a browser remembers the language
_OWN_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")  # printable ASCII without a backslash; "//host" is another site


@router.get("/sign-in", name="sign_in")
def show_sign_in(
    request: Request,
    settings: SettingsDep,
    actor: Annotated[Actor | None, Depends(caller)],
    next: Annotated[str, Query(max_length=500)] = "/",
    language: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """Return the form, or go on where a session lives; `language` sets the language before sign-in."""
    if actor is not None:
        return RedirectResponse(own_path(next), HTTPStatus.SEE_OTHER)
    if language in LANGUAGES:
        request.state.language = language
    response = _form(request, settings, next=own_path(next))
    if language in LANGUAGES:
        _remember_language(response, settings, language)
    return response


@router.post("/sign-in", name="sign_in_post", dependencies=[CsrfChecked])
def sign_in(
    request: Request,
    engine: EngineDep,
    settings: SettingsDep,
    now: Now,
    username: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=LONGEST_PASSWORD)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """Open a new session in place of whatever session the browser brought, or show the form again with the reason."""
    address = request.client.host if request.client else "unknown"
    limits = Limits(attempts=settings.login_attempts, lockout=timedelta(minutes=settings.lockout_minutes))
    name = username.strip().lower()
    user = verify(engine, name, password, address=address, now=now, limits=limits)
    if not isinstance(user, User):
        _note_refusal(engine, name, address, user, now)
        status = HTTPStatus.TOO_MANY_REQUESTS if user == "too_many" else HTTPStatus.UNAUTHORIZED
        return _form(request, settings, next=own_path(next), username=username, error=user, status=status)
    with engine.begin() as connection:
        end_session(connection, request.cookies.get(session_cookie(settings), ""))
        token = open_session(connection, user.id, now=now, lifetime=lifetime(settings))
        record_access(connection, user, "sign_in", None, "session", detail={"address": address}, now=now)
    response = RedirectResponse(own_path(next), HTTPStatus.SEE_OTHER)
    _set(response, settings, session_cookie(settings), token)
    _remember_language(response, settings, user.language)
    response.delete_cookie(CSRF_COOKIE)
    return response


@router.post("/sign-out", name="sign_out", dependencies=[CsrfChecked])
def sign_out(request: Request, user: CurrentUser, engine: EngineDep, settings: SettingsDep, now: Now) -> Response:
    """End the session here and in the browser."""
    name = session_cookie(settings)
    with engine.begin() as connection:
        end_session(connection, request.cookies[name])
        record_access(connection, user, "sign_out", None, "session", now=now)
    response = RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
    response.delete_cookie(name, secure=settings.cookies_are_secure, httponly=True, samesite="lax")
    response.headers["Clear-Site-Data"] = '"cache"'  # no page of a patient stays behind the back button
    return response


@router.post("/language", name="language", dependencies=[CsrfChecked])
def choose_language(
    user: CurrentUser,
    engine: EngineDep,
    settings: SettingsDep,
    language: Annotated[str, Form(max_length=10)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """Keep the language with the account and go back to the page; an unknown language changes nothing."""
    response = RedirectResponse(own_path(next), HTTPStatus.SEE_OTHER)
    if language in LANGUAGES:
        with engine.begin() as connection:
            set_language(connection, user.id, language)
        _remember_language(response, settings, language)
    return response


def own_path(wish: str) -> str:
    """Return a path of this site: the wish if it is one, else the first page.

    Example:
        >>> [own_path(x) for x in ("/patients/1", "//evil.example", "https://evil.example", "/\\\\evil.example", "")]
        ['/patients/1', '/', '/', '/', '/']
    """
    return wish if _OWN_PATH.fullmatch(wish) else "/"


def _form(
    request: Request,
    settings: Settings,
    *,
    next: str,
    username: str = "",
    error: str | None = None,
    status: int = HTTPStatus.OK,
) -> Response:
    token = request.cookies.get(CSRF_COOKIE) or secrets.token_urlsafe(32)
    request.state.csrf_token = token
    response: Response = render(
        request, "sign_in.html", next=next, username=username, error=error, lockout_minutes=settings.lockout_minutes
    )
    response.status_code = status
    _set(response, settings, CSRF_COOKIE, token)
    return response


def _note_refusal(engine: Engine, name: str, address: str, refusal: str, now: datetime) -> None:
    """Note a refused sign-in. A name that is no account is not kept: people type their password there."""
    with engine.begin() as connection:
        known = find_user(connection, name)
        detail = {"address": address, "reason": refusal, "account": name if known else None}
        audit.append(
            connection, at=now, actor="anonymous", action="sign_in",
            resource="session", outcome="denied", detail=detail,
        )  # fmt: skip


def _set(response: Response, settings: Settings, name: str, value: str, *, max_age: int | None = None) -> None:
    secure = settings.cookies_are_secure
    response.set_cookie(name, value, max_age=max_age, secure=secure, httponly=True, samesite="lax")


def _remember_language(response: Response, settings: Settings, language: str) -> None:
    _set(response, settings, LANGUAGE_COOKIE, language, max_age=YEAR)
