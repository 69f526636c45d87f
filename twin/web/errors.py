"""What does the caller get to read when something went wrong?

    TwinError, AlertsError          raised below the web, answered by the table `ANSWERS`
    HTTPException (Starlette)
    └── WebError
        ├── Ambiguous        300    the address means several things
        ├── NotSignedIn      401    no session and no token; pages lead to the sign-in
        ├── Forbidden        403    signed in, but the role or scope does not reach this
        ├── CsrfFailed       403    the form did not come from our page
        ├── BadRequest       400    the request cannot be understood
        ├── NotFound         404
        ├── NotAcceptable    406    another format is wanted than there is
        ├── Conflict         409    the thing has moved on meanwhile
        ├── NotMet           412    the request's own condition does not hold
        ├── BodyTooLarge     413
        ├── WrongMediaType   415
        ├── Unprocessable    422    understood, and cannot be done so
        ├── TooManyAttempts  429
        └── NoRoom           507    the disk is full

One error, three dresses: problem details (RFC 9457) for the API, OperationOutcome for FHIR, a calm page for people.
No answer repeats what was sent: a body may hold a patient's name, and answers end up in logs.
"""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Literal
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from alerts.errors import BadDecision, BadTransition
from twin.errors import TooLarge, UnknownKey, UnknownPatient, UnreadableInput, UnsupportedVersion
from twin.store.accounts import BadAccount
from twin.store.api_tokens import BadToken
from twin.store.links import CannotLink
from twin.store.matching import AlreadyDecided
from twin.store.resources import TooCostly
from twin.web.i18n import N_, translate

Dress = Literal["problem", "fhir", "page"]
RenderPage = Callable[..., Response]
FHIR_JSON = "application/fhir+json"


class WebError(HTTPException):
    """Something in the request is wrong."""

    status = 400
    headers_of_class: Mapping[str, str] = {}

    def __init__(self, detail: str | None = None, *, headers: Mapping[str, str] | None = None) -> None:
        said = detail or (self.__doc__ or "").strip()
        super().__init__(self.status, said, {**self.headers_of_class, **(headers or {})})


class Ambiguous(WebError):
    """Several things are meant by this address."""

    status = 300


class NotSignedIn(WebError):
    """Sign in, or send a valid token."""

    status = 401
    headers_of_class = {"WWW-Authenticate": 'Bearer realm="patient-twin"'}  # noqa: RUF012


class Forbidden(WebError):
    """Your role or token does not allow this."""

    status = 403


class CsrfFailed(WebError):
    """This form was not sent from a page of your session; load the page again."""

    status = 403


class BadRequest(WebError):
    """The request cannot be understood."""


class NotFound(WebError):
    """There is nothing at this address."""

    status = 404


class NotAcceptable(WebError):
    """There is no such format here; ask for application/fhir+json."""

    status = 406


class Conflict(WebError):
    """This has changed meanwhile; load it again."""

    status = 409


class NotMet(WebError):
    """The condition that the request states does not hold."""

    status = 412


class BodyTooLarge(WebError):
    """The body is larger than this instance accepts."""

    status = 413
    headers_of_class = {"Connection": "close"}  # noqa: RUF012  # the rest of the body is not read


class WrongMediaType(WebError):
    """This media type is not taken here."""

    status = 415


class Unprocessable(WebError):
    """This cannot be done as asked."""

    status = 422


class TooManyAttempts(WebError):
    """Too many attempts; wait and try again."""

    status = 429


class NoRoom(WebError):
    """The disk of this instance is full."""

    status = 507


# The status of each error from below; its message is shown, for those messages name codes and places only.
ANSWERS: Mapping[type[Exception], int] = {
    UnreadableInput: 400,
    TooLarge: 413,
    UnsupportedVersion: 422,
    UnknownPatient: 404,
    UnknownKey: 404,
    BadAccount: 422,
    BadToken: 422,
    BadTransition: 409,
    CannotLink: 409,
    AlreadyDecided: 409,
    BadDecision: 422,
    TooCostly: 422,
}

# FHIR R4 value set issue-type
_ISSUE_TYPES: Mapping[int, str] = {
    400: "invalid", 401: "login", 403: "forbidden", 404: "not-found", 405: "not-supported", 406: "not-supported",
    300: "multiple-matches", 409: "conflict", 412: "conflict",
    413: "too-long", 415: "not-supported", 422: "processing", 429: "throttled",
}  # fmt: skip


def install(app: FastAPI, render: RenderPage) -> None:
    """Answer every error of the application; `render(request, template, **context)` makes the pages."""
    app.state.render = render
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    for error in ANSWERS:
        app.add_exception_handler(error, _known)


def answer(
    request: Request,
    status: int,
    detail: str,
    *,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the answer to an error, dressed for whoever asked."""
    dress = dress_of(request.url.path)
    if dress == "problem":
        return _problem(request, status, detail, errors, headers)
    if dress == "fhir":
        return operation_outcome(status, [{"code": issue_type(status), "text": detail}], headers)
    if status == HTTPStatus.UNAUTHORIZED:
        return _to_sign_in(request)
    return _page(request, status, detail, headers)


def dress_of(path: str) -> Dress:
    """Return how an error at this path is told."""
    if path == "/fhir" or path.startswith("/fhir/"):
        return "fhir"
    if path.startswith(("/api/", "/dicom-web/")) or path in ("/healthz", "/readyz", "/metrics"):
        return "problem"
    return "page"


def operation_outcome(
    status: int, issues: Sequence[Mapping[str, str]], headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return FHIR's OperationOutcome with one issue each: `code`, `text`, and optionally `expression`, `severity`."""
    body = {"resourceType": "OperationOutcome", "issue": [issue(**each) for each in issues]}
    return JSONResponse(body, status, headers, media_type=FHIR_JSON)


def issue(code: str, text: str, expression: str = "", severity: str = "error") -> dict[str, object]:
    """Return one issue of an OperationOutcome."""
    told: dict[str, object] = {"severity": severity, "code": code, "details": {"text": text}}
    return told | ({"expression": [expression]} if expression else {})


def issue_type(status: int) -> str:
    """Return FHIR's word for what a status says."""
    return _ISSUE_TYPES.get(status, "exception")


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answer(request, error.status_code, error.detail, headers=error.headers)


def _known(request: Request, error: Exception) -> Response:
    status = next(ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS)
    return answer(request, status, str(error))


def _invalid(request: Request, error: Exception) -> Response:
    """Name the place and the rule that was broken. The library's own message quotes the input, so it is left out."""
    assert isinstance(error, RequestValidationError)
    errors = [{"at": _place(each), "code": each["type"]} for each in error.errors()]
    status = 400 if any(each["code"] == "json_invalid" for each in errors) else 422
    told = "; ".join(f"{each['at']}: {each['code']}" for each in errors)
    return answer(request, status, f"the request does not have the expected form ({told})", errors=errors)


def _place(error: Mapping[str, object]) -> str:
    where = [str(part) for part in error["loc"]]  # type: ignore[attr-defined]  # pydantic: a tuple of names and indices
    is_foreign = error["type"] in ("extra_forbidden", "json_invalid")  # the last part is the sender's own word
    return ".".join(where[:-1] if is_foreign else where)


def _problem(
    request: Request, status: int, detail: str, errors: Sequence[Mapping[str, str]], headers: Mapping[str, str] | None
) -> JSONResponse:
    body: dict[str, object] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    body |= {"detail": detail, "request_id": request.state.request_id}
    if errors:
        body["errors"] = list(errors)
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def _to_sign_in(request: Request) -> Response:
    """Lead a person to the sign-in and back; the query stays behind, for it may hold a name that was searched."""
    came_from = request.url.path if request.method == "GET" else "/"
    address = "/sign-in" if came_from == "/" else f"/sign-in?{urlencode({'next': came_from})}"
    if request.headers.get("HX-Request"):
        return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": "/sign-in"})
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


def _page(request: Request, status: int, detail: str, headers: Mapping[str, str] | None) -> Response:
    title, message = _PAGES.get(status, _PAGES[400])
    say = translate(request.state.language).gettext
    response: Response = request.app.state.render(
        request, "error.html", status=status, title=say(title), message=say(message), detail=detail,
        request_id=request.state.request_id,
    )  # fmt: skip
    response.status_code = status
    response.headers.update(headers or {})
    return response


_PAGES: Mapping[int, tuple[str, str]] = {
    400: (N_("This request was not understood"), N_("Go back, load the page again and try once more.")),
    403: (
        N_("This is not open to you"),
        N_("Your role does not include this page, or the form was too old. Load it again."),
    ),
    404: (N_("Nothing is here"), N_("The address may be mistyped, or the patient is not known here.")),
    405: (N_("This request was not understood"), N_("Go back, load the page again and try once more.")),
    409: (N_("This has changed meanwhile"), N_("Someone else, or a new result, was faster. Load the page again.")),
    413: (N_("The file is too large"), N_("This instance does not take a file of this size.")),
    415: (N_("This kind of file is not taken"), N_("Send FHIR, or a DICOM archive.")),
    422: (N_("Something is missing or does not fit"), N_("Check what was entered and send it again.")),
    429: (N_("Too many attempts"), N_("Wait a few minutes, then try again.")),
}
