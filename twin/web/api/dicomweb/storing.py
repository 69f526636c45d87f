"""STOW-RS: take images that are sent; the answer tells of each whether it is kept (PS3.18 10.5)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi import Path as InPath
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from python_multipart.multipart import parse_options_header

from imaging import apart
from twin.arrivals import Answer, Arrivals, Came, Failure
from twin.scan import files
from twin.scan.files import OutOfSpace, Staged
from twin.scan.parts import Parts, TooManyParts
from twin.web.api.dicomweb.attributes import DICOM_JSON, one
from twin.web.api.dicomweb.searching import web_address
from twin.web.caller import Actor
from twin.web.deps import EngineDep, Now, SettingsDep, record_access, scope
from twin.web.errors import BadRequest, NoRoom, WrongMediaType

router = APIRouter()

CanStore = Annotated[Actor, Depends(scope("import.write"))]
StudyUid = Annotated[str, InPath(pattern=r"^[0-9.]{1,64}$")]
_BODY = 'multipart/related; type="application/dicom"'
_OPENAPI: dict[str, Any] = {
    "openapi_extra": {
        "requestBody": {"required": True, "content": {_BODY: {"schema": {"type": "string", "format": "binary"}}}}
    },
    "responses": {200: {"content": {DICOM_JSON: {}}}, 202: {"description": "some were not kept"},
                  409: {"description": "none was kept"}},
}  # fmt: skip


async def stored_parts(request: Request, actor: CanStore, settings: SettingsDep) -> Sequence[Staged]:
    """Write each part to the disk as it comes.

    Raises:
        WrongMediaType: not multipart/related with parts of application/dicom.
        BadRequest: a body that does not end as it must, or without parts.
        NoRoom: the disk is full.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    told = options.get(b"type", b"application/dicom").decode("latin-1").strip('"')
    boundary = options.get(b"boundary", b"")
    if kind.lower() != b"multipart/related" or told.lower() != "application/dicom" or not boundary:
        raise WrongMediaType(f"images are sent as {_BODY}, with a boundary")
    try:
        await run_in_threadpool(files.check_room, settings, _announced(request))
    except OutOfSpace as error:
        raise NoRoom(str(error)) from None
    parts = Parts(folder=files.arriving(settings.home_path), boundary=boundary)
    try:
        async for chunk in request.stream():
            await run_in_threadpool(parts.feed, chunk)
        staged = await run_in_threadpool(parts.finish)
    except BaseException as error:  # a cancelled request, too, leaves nothing behind
        parts.forget()
        if isinstance(error, (ValueError, TooManyParts)):
            raise BadRequest(f"the body is no sound multipart ({error})") from None
        raise
    if not staged:
        raise BadRequest("the body holds no part")
    return staged


SentParts = Annotated[Sequence[Staged], Depends(stored_parts)]


@router.post("/studies", response_class=Response, **_OPENAPI)
def store(actor: CanStore, parts: SentParts, engine: EngineDep, settings: SettingsDep, now: Now) -> Response:
    """Keep images of any study: 200 where all are, 202 where some are, 409 where none is."""
    return _stored(actor, parts, engine, settings, now, None)


@router.post("/studies/{study_uid}", response_class=Response, **_OPENAPI)
def store_in_study(
    actor: CanStore, study_uid: StudyUid, parts: SentParts, engine: EngineDep, settings: SettingsDep, now: Now
) -> Response:
    """Keep images of this study; those of another are refused."""
    return _stored(actor, parts, engine, settings, now, study_uid)


def _stored(
    actor: Actor, parts: Sequence[Staged], engine: EngineDep, settings: SettingsDep, now: Now, study_uid: str | None
) -> Response:
    with _forgotten(parts):
        read = apart.instances([each.path for each in parts])
        arrivals = Arrivals(engine=engine, settings=settings, name="STOW-RS", actor=actor.name, clock=lambda: now)
        came = [Came(staged=staged, read=said) for staged, said in zip(parts, read, strict=True)]
        answers = arrivals.take(came, study_uid=study_uid)
        arrivals.close()
    with engine.begin() as connection:
        detail = {"images": len(answers), "refused": sum(each.failure is not None for each in answers)}
        resource = f"import/{arrivals.import_id}"
        record_access(connection, actor, "dicom.store", None, resource, detail=detail, now=now)
    return _answer(answers, web_address(settings))


@contextmanager
def _forgotten(parts: Sequence[Staged]) -> Iterator[None]:
    """Leave nothing of what was not kept."""
    try:
        yield
    finally:
        for each in parts:
            files.forget(each)


def _answer(answers: Sequence[Answer], address: str) -> Response:
    kept = [each for each in answers if each.failure is None]
    failed = [each for each in answers if each.failure is not None]
    told: dict[str, Any] = {}
    if len({each.study_uid for each in kept}) == 1:
        told["00081190"] = one("UR", f"{address}/studies/{kept[0].study_uid}")
    if kept:
        told["00081199"] = one("SQ", *(_referenced(each, address) for each in kept))
    named = [each for each in failed if each.sop_instance_uid]
    if named:
        told["00081198"] = one(
            "SQ",
            *(
                _item(each) | {"00081197": one("US", each.failure)}
                for each in named
            ),
        )  # fmt: skip
    if len(named) < len(failed):  # files that do not even say which they are
        others = (each.failure for each in failed if not each.sop_instance_uid)
        told["0008119A"] = one("SQ", *({"00081197": one("US", failure)} for failure in others))
    return JSONResponse(told, _status(kept, failed), media_type=DICOM_JSON)


def _status(kept: Sequence[Answer], failed: Sequence[Answer]) -> int:
    if kept:
        return 202 if failed else 200
    return 507 if all(each.failure is Failure.OUT_OF_RESOURCES for each in failed) else 409


def _referenced(each: Answer, address: str) -> dict[str, Any]:
    place = f"{address}/studies/{each.study_uid}/series/{each.series_uid}/instances/{each.sop_instance_uid}"
    return _item(each) | {"00081190": one("UR", place)}


def _item(each: Answer) -> dict[str, Any]:
    return {"00081150": one("UI", each.sop_class_uid or None), "00081155": one("UI", each.sop_instance_uid)}


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0
