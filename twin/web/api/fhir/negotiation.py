"""Do caller and server speak the same? Media types, `_format`, `Prefer`, the source's name, and ids that can be ids."""

import re
from dataclasses import dataclass
from email.message import Message
from typing import Annotated

from fastapi import Depends, Request

from twin.importers.base import DEFAULT_SOURCE
from twin.web.api.fhir.registry import KINDS
from twin.web.errors import FHIR_JSON, BadRequest, NotAcceptable, NotFound, WrongMediaType

VERSIONS = frozenset({"4.0", "4.0.1"})  # what a `fhirVersion` parameter may say for R4
_JSON = frozenset({"application/fhir+json", "application/json", "text/json", "json", "application/json+fhir"})
_ANY = frozenset({"*/*", "application/*", "text/*"})
_SOURCE = re.compile(r"[\w.:/-]{1,100}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
GENERAL = frozenset({"_format", "_pretty"})  # parameters of every request; what is sent back is never laid out anew


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What the caller says beside the request itself."""

    returns: str | None = None
    """`minimal`, `representation` or `OperationOutcome`."""
    is_lenient: bool = False
    is_async: bool = False
    source: str | None = None

    @property
    def own_source(self) -> str:
        """The source under which something is written."""
        return self.source or DEFAULT_SOURCE


def wish(request: Request) -> Wish:
    """Return the caller's wishes.

    Raises:
        NotAcceptable: another format than JSON is wanted.
        BadRequest: the name of the source is none.
    """
    check_acceptable(request)
    said = ",".join(request.headers.getlist("prefer")).replace(";", ",")
    preferences = {part.strip() for part in said.split(",")}
    named = request.query_params.get("_source", request.query_params.get("source"))
    if named is not None and not _SOURCE.fullmatch(named):
        raise BadRequest("_source: 1 to 100 letters, digits and . : / _ -")
    returns = ("minimal", "representation", "OperationOutcome")
    return Wish(
        returns=next((each for each in returns if f"return={each}" in preferences), None),
        is_lenient="handling=lenient" in preferences,
        is_async="respond-async" in preferences,
        source=named,
    )


WishDep = Annotated[Wish, Depends(wish)]


def check_acceptable(request: Request) -> None:
    """Refuse what asks for another format: `_format` first, then `Accept`."""
    asked = request.query_params.get("_format")
    if asked is not None:
        if asked.partition(";")[0].strip().replace(" ", "+") not in _JSON:
            raise NotAcceptable
        return
    accepted = {part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")}
    if accepted - {""} and accepted.isdisjoint(_JSON | _ANY):
        raise NotAcceptable


def check_media_type(request: Request) -> None:
    """Refuse a body that says it is not FHIR R4 in JSON, before it is read."""
    header = Message()
    header["Content-Type"] = request.headers.get("content-type", "")
    if header.get_content_type() not in ("application/fhir+json", "application/json"):
        raise WrongMediaType(f"send {FHIR_JSON}")
    version = str(header.get_param("fhirversion", "4.0"))
    if version not in VERSIONS:
        raise WrongMediaType("another FHIR version: this server speaks R4 (fhirVersion=4.0)")
    check_encoding(request)


def check_encoding(request: Request) -> None:
    """Refuse a body that was packed for the way."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise WrongMediaType("send the body as it is, without a content encoding")


async def body(request: Request, _: Annotated[None, Depends(check_media_type)]) -> bytes:
    """The whole body; its size is bounded outside."""
    return await request.body()


BodyDep = Annotated[bytes, Depends(body)]


def check_kind(kind: str) -> None:
    """Raise NotFound for what is no resource type that is kept."""
    if kind not in KINDS:
        raise NotFound("no resource type of R4 that is kept here")


def check_id(logical_id: str) -> None:
    """Raise NotFound for what can't be an id."""
    if not _ID.fullmatch(logical_id):
        raise NotFound("no resource has such an id")
