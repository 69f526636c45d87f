"""QIDO-RS: which studies, series and images are here? (PS3.18 10.6)"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from twin.settings import Settings
from twin.store import dicomweb
from twin.store.dicomweb import Asked
from twin.store.session import Connection
from twin.web.api.dicomweb.attributes import (
    DICOM_JSON,
    OF_INSTANCE,
    OF_SERIES,
    OF_STUDY,
    Told,
    instance_told,
    series_told,
    study_told,
)
from twin.web.caller import Actor
from twin.web.deps import EngineDep, Now, SettingsDep, record_access, scope
from twin.web.errors import BadRequest

router = APIRouter()

CanRead = Annotated[Actor, Depends(scope("record.read"))]
Limit = Annotated[int, Query(ge=1, le=1_000)]
Offset = Annotated[int, Query(ge=0, lt=2**31)]
_UID = re.compile(r"[0-9.]{1,64}")  # PS3.5 9.1
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_PLACES = {"study_uid": "0020000D", "series_uid": "0020000E", "instance_uid": "00080018"}
_DATES = ("00080020", "00080021", "00100030", "00400244")  # study, series, birth, procedure step
_TIMES = ("00080030", "00080031", "00400245")
_NOT_KEYS = frozenset({"limit", "offset", "includefield", "fuzzymatching"})
_OPENAPI: dict[int | str, dict[str, Any]] = {200: {"content": {DICOM_JSON: {}}}, 204: {"description": "none matches"}}


def web_address(settings: Settings) -> str:
    """Return the address of these services, as others reach them."""
    return f"{settings.public_url.rstrip('/')}/dicom-web"


def named_uids(request: Request, actor: CanRead) -> dict[str, str]:
    """Return the UIDs that the path names, by tag.

    Raises:
        BadRequest: one that can't be a UID.
    """
    named = {tag: request.path_params[name] for name, tag in _PLACES.items() if name in request.path_params}
    if not all(_UID.fullmatch(uid) for uid in named.values()):
        raise BadRequest("the path names what can't be a UID")
    return named


NamedUids = Annotated[dict[str, str], Depends(named_uids)]


def with_uids(path: str) -> dict[str, Any]:
    """Return what the API's description says of the UIDs in a path."""
    named = [name for name in _PLACES if f"{{{name}}}" in path]
    said = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in named]
    return {"openapi_extra": {"parameters": said}} if said else {}


def _searched(request: Request, actor: CanRead, uids: NamedUids, limit: Limit = 100, offset: Offset = 0) -> Asked:
    """Return what is searched for: the keys of the query and of the path."""
    path = request.scope["route"].path
    known = {**OF_STUDY} if path.endswith("/studies") else {**OF_STUDY, **OF_SERIES}
    if path.endswith("/instances"):
        known |= OF_INSTANCE
    return Asked(keys=_keys(request, known) | uids, limit=limit, offset=offset)


Searched = Annotated[Asked, Depends(_searched)]


@router.get("/studies", response_class=Response, responses=_OPENAPI)
def studies(
    request: Request, actor: CanRead, asked: Searched, engine: EngineDep, settings: SettingsDep, now: Now
) -> Response:
    """Studies that match every key, the newest first. Each patient shown leaves a row in the audit."""
    with engine.begin() as connection:
        rows = dicomweb.studies(connection, asked)
        _note(connection, actor, [each for row in rows for each in row.patients], "GET /dicom-web/studies", now)
    return _answer([study_told(row, web_address(settings)) for row in rows], request)


def series(
    request: Request, actor: CanRead, asked: Searched, engine: EngineDep, settings: SettingsDep, now: Now
) -> Response:
    """Series that match every key."""
    with engine.begin() as connection:
        rows = dicomweb.series(connection, asked)
        _note(connection, actor, [row.patient_id for row in rows], "GET /dicom-web/series", now)
    return _answer([series_told(row, web_address(settings)) for row in rows], request)


def instances(
    request: Request, actor: CanRead, asked: Searched, engine: EngineDep, settings: SettingsDep, now: Now
) -> Response:
    """Images that match every key, by series and number."""
    with engine.begin() as connection:
        rows = dicomweb.instances(connection, asked)
        _note(connection, actor, [row.patient_id for row in rows], "GET /dicom-web/instances", now)
    return _answer([instance_told(row, web_address(settings)) for row in rows], request)


for _path in ("/series", "/studies/{study_uid}/series"):
    router.add_api_route(
        _path, series, methods=["GET"], response_class=Response, responses=_OPENAPI, **with_uids(_path)
    )
for _path in (
    "/instances", "/studies/{study_uid}/instances", "/studies/{study_uid}/series/{series_uid}/instances",
):  # fmt: skip
    router.add_api_route(
        _path, instances, methods=["GET"], response_class=Response, responses=_OPENAPI, **with_uids(_path)
    )


def _keys(request: Request, known: Mapping[str, str]) -> dict[str, str]:
    """Return what must match, by tag.

    Raises:
        BadRequest: a key that can't be asked for here.
    """
    keys = {}
    for name, value in request.query_params.multi_items():
        if name in _NOT_KEYS:
            continue
        tag = name.upper() if _TAG.fullmatch(name) else known.get(name, "")
        if tag not in known.values():
            raise BadRequest(f"this can't be searched for here; known: {', '.join(sorted(known))}")
        if "\x00" in value or len(value) > 1_000:
            raise BadRequest("a key holds what no attribute can")
        keys[tag] = _sound(tag, value.strip())
    return keys


def _sound(tag: str, value: str) -> str:
    """Return the value of a key that can match.

    Raises:
        BadRequest: a date or time that no attribute holds: nothing would match, which looks as if nothing were here.
    """
    if tag not in (*_DATES, *_TIMES) or value in ("", "*"):
        return value
    ends = value.split("-")
    form = ("%Y%m%d", "YYYYMMDD") if tag in _DATES else ("%H%M%S", "HHMMSS")
    if len(ends) > 2 or not any(ends) or not all(_is_moment(end, form[0]) for end in ends if end):
        raise BadRequest(f"a key is no {form[1]} and no range of it ({form[1]}-{form[1]}, one end may be left out)")
    return value


def _is_moment(text: str, form: str) -> bool:
    whole = text.partition(".")[0]  # a time may have a fraction (PS3.5 6.2)
    try:
        return len(whole) == len(datetime.strptime(whole, form).strftime(form)) and whole.isdecimal()
    except ValueError:
        return False


def _note(connection: Connection, actor: Actor, patients: Sequence[str | None], resource: str, now: Now) -> None:
    for patient_id in sorted({each for each in patients if each}):
        record_access(connection, actor, "dicom.find", patient_id, resource, now=now)


def _answer(found: Sequence[Told], request: Request) -> Response:
    if not found:
        return Response(status_code=204)
    wants = request.headers.get("accept", "")
    kind = "application/json" if "application/json" in wants and DICOM_JSON not in wants else DICOM_JSON
    return JSONResponse(found, media_type=kind)
