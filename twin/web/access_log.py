"""What was asked, by which route, how did it end, how long did it take? One JSON line a request, and nothing private.

A line holds the route's template, never the address itself, its query or a body: those may hold a patient's name. An
error that nobody foresaw is told by its type and the lines of code it passed, never by its message: a database driver
quotes the row in it.
"""

import logging
import secrets
from http import HTTPStatus
from time import perf_counter

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twin.logs import describe
from twin.web.errors import answer, dress_of
from twin.web.i18n import COOKIE, choose
from twin.web.measure import Requests

LOG = logging.getLogger("twin.web")
UNMATCHED = "(no route)"


class RequestContext:
    """Gives each request its id and language, writes its line, and answers what nobody foresaw."""

    def __init__(self, app: ASGIApp, *, site_language: str, requests: Requests) -> None:
        self._app = app
        self._site_language = site_language
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state |= {"request_id": secrets.token_hex(8), "csrf_token": "", "actor": None, "user": None}
        state["language"] = choose(Request(scope).cookies.get(COOKIE), site=self._site_language)
        began, status = perf_counter(), 0

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message.setdefault("headers", []).append((b"x-request-id", state["request_id"].encode()))
            await send(message)

        try:
            await self._app(scope, receive, note_status)
        except ClientDisconnect:
            status = status or 499  # nginx's number for a caller who hung up
        except Exception as error:
            # The last door before the server, which would print the message of the error: say where it happened, only.
            told = {"event": "unforeseen error", **_about(scope), **describe(error)}
            LOG.error("unforeseen %(error)s in request %(request_id)s", told, extra={"fields": told})
            if not status:
                await _apologise(Request(scope))(scope, receive, note_status)
        finally:
            seconds = perf_counter() - began
            self._requests.note(method=scope["method"], route=route_of(scope), status=status, seconds=seconds)
            told = {"event": "request", **_about(scope), "status": status, "ms": round(seconds * 1000, 1)}
            LOG.info(
                "%(method)s %(route)s %(status)d %(ms).1f ms %(actor)s %(request_id)s", told, extra={"fields": told}
            )


def route_of(scope: Scope) -> str:
    """Return the template of the route taken: `/patients/{patient_id}`, never the address with what stands in it."""
    if "endpoint" not in scope:
        return UNMATCHED
    names = {str(value): name for name, value in scope.get("path_params", {}).items()}
    if scope["path"].startswith("/static/"):
        return "/static"
    return "/".join(f"{{{names[part]}}}" if part in names else part for part in scope["path"].split("/"))


def _about(scope: Scope) -> dict[str, object]:
    actor = scope["state"]["actor"]
    return {
        "request_id": scope["state"]["request_id"],
        "method": scope["method"],
        "route": route_of(scope),
        "actor": actor.name if actor else None,
    }


def _apologise(request: Request) -> Response:
    """Return an answer that needs neither database nor templates."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    said = f"Something went wrong on our side. It was noted as {request.state.request_id}."
    if dress_of(request.url.path) != "page":
        return answer(request, status, said)
    return HTMLResponse(_PAGE.format(language=request.state.language.replace("_", "-"), said=said), status)


_PAGE = """<!doctype html>
<html lang="{language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>patient-twin</title><link rel="stylesheet" href="/static/tokens.css">
<link rel="stylesheet" href="/static/base.css">
<main><h1>500</h1><p>{said}</p><p><a href="/">patient-twin</a></p></main></html>
"""
