"""WADO-RS: images as they were received, their metadata, and a frame as a picture (PS3.18 10.4)."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse

from imaging import apart
from imaging.errors import ImagingError
from twin.scan import files
from twin.settings import Settings
from twin.store import dicomweb
from twin.store.dicomweb import Asked
from twin.web.api.dicomweb.attributes import DICOM_JSON
from twin.web.api.dicomweb.searching import CanRead, NamedUids, with_uids
from twin.web.deps import EngineDep, Now, SettingsDep, record_access
from twin.web.errors import NotAcceptable, NotFound, Unprocessable

router = APIRouter()

MOST_IMAGES = 20_000  # of one answer
_TOGETHER = 500  # headers read at a time
_PIECE_BYTES = 1 << 18
_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG"}
_STUDY, _SERIES = "/studies/{study_uid}", "/studies/{study_uid}/series/{series_uid}"
_INSTANCE = f"{_SERIES}/instances/{{instance_uid}}"
_DICOM: dict[int | str, dict[str, Any]] = {200: {"content": {'multipart/related; type="application/dicom"': {}}}}
_JSON: dict[int | str, dict[str, Any]] = {200: {"content": {DICOM_JSON: {}}}}
_PICTURE: dict[int | str, dict[str, Any]] = {200: {"content": {kind: {} for kind in _FORMATS}}}


def asked_images(actor: CanRead, uids: NamedUids, engine: EngineDep, now: Now) -> Sequence[Any]:
    """Return the images of the path; each patient whose they are leaves a row in the audit.

    Raises:
        NotFound: there are none.
        Unprocessable: there are more than one answer holds.
    """
    with engine.begin() as connection:
        rows = dicomweb.instances(connection, Asked(keys=uids, limit=MOST_IMAGES + 1))
        for patient_id in sorted({row.patient_id or "" for row in rows}):
            resource = f"GET /dicom-web/studies/{uids['0020000D']}"
            record_access(connection, actor, "dicom.read", patient_id or None, resource, now=now)
    if not rows:
        raise NotFound("no such study, series or instance is kept here")
    if len(rows) > MOST_IMAGES:
        raise Unprocessable(f"more than {MOST_IMAGES} images; ask series by series")
    return rows


Images = Annotated[Sequence[Any], Depends(asked_images)]
Frame = Annotated[int, InPath(ge=1, lt=2**31)]
Window = Annotated[str | None, Query(pattern=r"^-?\d+(\.\d+)?,\d+(\.\d+)?(,LINEAR)?$", description="centre,width")]
Viewport = Annotated[str | None, Query(pattern=r"^[1-9]\d{0,3},[1-9]\d{0,3}$", description="width,height")]
Quality = Annotated[int, Query(ge=1, le=100)]


@router.get(f"{_STUDY}/metadata", response_class=Response, responses=_JSON, **with_uids(_STUDY))
@router.get(f"{_SERIES}/metadata", response_class=Response, responses=_JSON, **with_uids(_SERIES))
@router.get(f"{_INSTANCE}/metadata", response_class=Response, responses=_JSON, **with_uids(_INSTANCE))
def metadata(images: Images, settings: SettingsDep) -> Response:
    """The headers of the images, without pixels and other bulk data."""
    told: list[dict[str, Any]] = []
    paths = [files.place_of(settings.home_path, row.sha256) for row in images]
    try:
        for start in range(0, len(paths), _TOGETHER):
            told += apart.metadata(paths[start : start + _TOGETHER])
    except ImagingError as error:
        raise Unprocessable(str(error)) from None
    return JSONResponse(told, media_type=DICOM_JSON)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """How a frame is to be shown."""

    kind: str
    window: tuple[float, ...] | None
    viewport: tuple[int, ...] | None
    quality: int


def _shown(request: Request, actor: CanRead, window: Window = None, viewport: Viewport = None,
           quality: Quality = 90) -> Shown:  # fmt: skip
    return Shown(
        kind=_picture_kind(request.headers.get("accept", "*/*")),
        window=tuple(float(each) for each in window.split(",")[:2]) if window else None,
        viewport=tuple(int(each) for each in viewport.split(",")) if viewport else None, quality=quality,
    )  # fmt: skip


HowShown = Annotated[Shown, Depends(_shown)]


@router.get(f"{_INSTANCE}/rendered", response_class=Response, responses=_PICTURE, **with_uids(_INSTANCE))
def rendered(images: Images, settings: SettingsDep, shown: HowShown) -> Response:
    """The first frame as PNG or JPEG, in the file's own window or the one asked for."""
    return _picture(images, settings, shown, 1)


@router.get(f"{_INSTANCE}/frames/{{frame}}/rendered", response_class=Response, responses=_PICTURE,
            **with_uids(_INSTANCE))  # fmt: skip
def frame_rendered(images: Images, settings: SettingsDep, shown: HowShown, frame: Frame) -> Response:
    """A frame, counted from 1, as PNG or JPEG."""
    return _picture(images, settings, shown, frame)


@router.get(_STUDY, response_class=Response, responses=_DICOM, **with_uids(_STUDY))
@router.get(_SERIES, response_class=Response, responses=_DICOM, **with_uids(_SERIES))
@router.get(_INSTANCE, response_class=Response, responses=_DICOM, **with_uids(_INSTANCE))
def images(request: Request, images: Images, settings: SettingsDep) -> Response:
    """The files as they were received, in their own transfer syntax."""
    wants = request.headers.get("accept", "*/*")
    paths = [files.place_of(settings.home_path, row.sha256) for row in images]
    if "multipart/related" not in wants and "*/*" not in wants:
        if len(paths) == 1 and "application/dicom" in wants:
            return FileResponse(paths[0], media_type="application/dicom")
        raise NotAcceptable('images are given as multipart/related; type="application/dicom"')
    if "multipart/related" in wants and "application/dicom" not in wants and "type=" in wants:
        raise NotAcceptable("images are given as application/dicom, in the transfer syntax they were received in")
    boundary = secrets.token_hex(16)
    return StreamingResponse(
        _parts(paths, boundary), media_type=f'multipart/related; type="application/dicom"; boundary={boundary}'
    )


def _picture(images: Sequence[Any], settings: Settings, shown: Shown, frame: int) -> Response:
    frames = images[0].frames or 1
    if frame > frames:
        raise NotFound(f"the image has {frames} frame(s)")
    try:
        picture = apart.rendered(
            files.place_of(settings.home_path, images[0].sha256), frame=frame, kind=_FORMATS[shown.kind],
            window=shown.window, viewport=shown.viewport, quality=shown.quality,
        )  # fmt: skip
    except ImagingError as error:
        raise Unprocessable(str(error)) from None
    return Response(picture, media_type=shown.kind, headers={"Cache-Control": "private, max-age=3600"})


def _parts(paths: Sequence[Path], boundary: str) -> Iterator[bytes]:
    for path in paths:
        yield f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        with path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                yield piece
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


def _picture_kind(accept: str) -> str:
    for each in accept.split(","):
        kind = each.partition(";")[0].strip().lower()
        if kind in _FORMATS:
            return kind
        if kind in ("*/*", "image/*", ""):
            return "image/jpeg"  # the default of PS3.18 10.4.1.1.3
    raise NotAcceptable(f"pictures are given as {' or '.join(_FORMATS)}")
