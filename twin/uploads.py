"""Uploads are durable: the file is kept under TWIN_HOME, a row says it waits, and the worker takes it from there."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from twin.errors import UnknownKey
from twin.importers import IMPORTERS
from twin.importers.base import Importer
from twin.store import ledger, people

WAITING = "uploaded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What the sender says of a source beside its bytes; see `importers.base.Context`."""

    patient: str | None = None
    format_key: str | None = None
    mapping: str | None = None
    sample: str | None = None
    time_zone: str | None = None
    is_shifted: bool = False


def check(engine: Engine, told: Told) -> Told:
    """Return what was told, with the patient's own id, so that a mistake is said before a gigabyte is read.

    Raises:
        UnknownPatient: the patient is nobody known here, or several.
        UnknownKey: there is no such format or time zone.
    """
    importer(told.format_key)
    if told.time_zone is not None:
        zone(told.time_zone)
    if told.patient is None:
        return told
    with engine.connect() as connection:
        return replace(told, patient=people.find_patient(connection, told.patient))


def zone(name: str) -> ZoneInfo:
    """Return an IANA time zone.

    Raises:
        UnknownKey: there is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UnknownKey(f"no time zone {name!r}; an IANA name such as Asia/Shanghai is wanted") from None


def importer(format_key: str | None) -> Importer | None:
    """Return the format of a key, None for "guess".

    Raises:
        UnknownKey: there is none of this key.
    """
    if format_key is None:
        return None
    found = next((each for each in IMPORTERS if each.key == format_key), None)
    if found is None:
        raise UnknownKey(f"no format {format_key!r}; known: {', '.join(each.key for each in IMPORTERS)}")
    return found


def receive_upload(
    engine: Engine, path: Path, *, name: str, source: str, actor: str, told: Mapping[str, Any], now: datetime
) -> int:
    """Note that an uploaded file waits under `path`, and return the id of its import; the worker takes it from there.

    `told` is what the sender said of it (`imports.Told`, as a mapping).
    """
    with path.open("rb") as handle:
        file_hash = hashlib.file_digest(handle, "sha256").hexdigest()
    with engine.begin() as connection:
        return ledger.start_run(
            connection, source=source, name=name, file_hash=file_hash, actor=actor, now=now, status=WAITING,
            options={"upload": {"path": str(path), "told": dict(told)}}, bytes_total=path.stat().st_size,
        )  # fmt: skip


def pending(engine: Engine) -> list[int]:
    """Return the uploads that wait for the worker, and those whose worker died over them."""
    with engine.connect() as connection:
        return ledger.uploads_open(connection)


def receive_addresses(
    engine: Engine, folder: Path, wanted: Sequence[Mapping[str, str]], *, source: str, actor: str, now: datetime
) -> int:
    """Note that files are to be fetched into `folder` (each with `url` and `name`), and return the id of the import."""
    upload = {"path": str(folder), "told": {}, "fetch": [dict(each) for each in wanted]}
    with engine.begin() as connection:
        return ledger.start_run(
            connection, source=source, name="$import", file_hash="", actor=actor, now=now, status=WAITING,
            options={"upload": upload},
        )  # fmt: skip
