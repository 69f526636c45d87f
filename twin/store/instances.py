"""Single images in PostgreSQL: each once, by its SOP instance UID, pointing at its file by content."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from twin.store.tables import dicom_instance


@dataclass(frozen=True, kw_only=True, slots=True)
class NewInstance:
    """One image that arrived. `sha256` names its file; `content_sha256` leaves out the file meta information."""

    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    sha256: str
    content_sha256: str
    size: int
    instance_number: int | None
    rows: int | None
    columns: int | None
    frames: int | None


def contents(connection: Connection, sop_instance_uids: Iterable[str]) -> dict[str, str]:
    """Return the content hash of those of these images that are there, by their UID."""
    columns = dicom_instance.c
    asked = select(columns.sop_instance_uid, columns.content_sha256)
    rows = connection.execute(asked.where(columns.sop_instance_uid.in_(list(sop_instance_uids))))
    return {row.sop_instance_uid: row.content_sha256 for row in rows}


def add(connection: Connection, study_id: int, new: Sequence[NewInstance], now: datetime) -> None:
    """Enter images that are not there; the series is locked, another one can't hold them.

    Raises: IntegrityError where the same image was entered meanwhile under another series.
    """
    if new:
        rows = [{"study_id": study_id, "received_at": now, **asdict(each)} for each in new]
        connection.execute(insert(dicom_instance), rows)


def count(connection: Connection, study_id: int) -> int:
    """Return how many images a series has."""
    asked = select(func.count()).select_from(dicom_instance).where(dicom_instance.c.study_id == study_id)
    return int(connection.execute(asked).scalar_one())


def of_series(connection: Connection, study_id: int) -> Sequence[Row[Any]]:
    """Return the images of a series in the order of their UIDs."""
    asked = select(dicom_instance).where(dicom_instance.c.study_id == study_id)
    return connection.execute(asked.order_by(dicom_instance.c.sop_instance_uid)).all()
