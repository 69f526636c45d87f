"""What do we hold, asked the DICOMweb way? Studies, series and images by matching keys, a page at a time.

Source: PS3.18 10.6 (QIDO-RS), PS3.4 C.2.2.2 (matching: single value, list of UIDs, wildcard, range, universal).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, Text, and_, func, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.elements import ColumnElement

from twin.store.tables import dicom_instance, study

_UNNAMED = "without-uid-%"  # series and images of de-identified files that name none can't be asked for
_RANGE = re.compile(r"(\d{4,8})?-(\d{4,8})?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Keys that must match, by tag (`00100020`); an empty value matches everything."""

    keys: Mapping[str, str]
    limit: int
    offset: int = 0


def studies(connection: Connection, asked: Asked) -> Sequence[Any]:
    """Return studies, the newest first: tags, UIDs, patients (one, or several where series differ), and counts."""
    counts = (
        select(dicom_instance.c.study_id, func.count().label("images")).group_by(dicom_instance.c.study_id).subquery()
    )
    tags = func.array_agg(aggregate_order_by(study.c.tags, study.c.id))
    query = (
        select(
            study.c.study_uid, tags[1].label("tags"),
            func.array_agg(study.c.modality.distinct()).label("modalities"),
            func.array_remove(func.array_agg(study.c.patient_id.distinct()), None).label("patients"),
            func.count().label("series"), func.sum(counts.c.images).label("images"),
        )
        .join(counts, counts.c.study_id == study.c.id)
        .where(study.c.study_uid != "", study.c.series_uid.not_like(_UNNAMED))
        .group_by(study.c.study_uid)
        .order_by(func.max(study.c.acquired_at).desc().nulls_last(), study.c.study_uid)
    )  # fmt: skip
    matching = [_series_matches(tag, value) for tag, value in asked.keys.items() if tag != "00080061"]
    if matching:
        query = query.where(study.c.study_uid.in_(select(study.c.study_uid).where(and_(true(), *matching))))
    wanted = asked.keys.get("00080061")
    if wanted:
        query = query.where(study.c.study_uid.in_(select(study.c.study_uid).where(_text(study.c.modality, wanted))))
    return _page(connection, query, asked)


def series(connection: Connection, asked: Asked) -> Sequence[Any]:
    """Return series, those of one study together: tags, UIDs, whose they are, and how many images they have."""
    images = select(func.count()).select_from(dicom_instance).where(dicom_instance.c.study_id == study.c.id)
    query = (
        select(
            study.c.id, study.c.study_uid, study.c.series_uid, study.c.modality, study.c.tags, study.c.patient_id,
            images.scalar_subquery().label("images"),
        )
        .where(study.c.study_uid != "", study.c.series_uid.not_like(_UNNAMED))
        .where(*(_series_matches(tag, value) for tag, value in asked.keys.items()))
        .order_by(study.c.study_uid, study.c.id)
    )  # fmt: skip
    return [row for row in _page(connection, query, asked) if row.images]


def instances(connection: Connection, asked: Asked) -> Sequence[Any]:
    """Return images in the order of series and number: their own columns, and the tags of their series."""
    i = dicom_instance.c
    columns = (i.sop_instance_uid, i.sop_class_uid, i.transfer_syntax_uid, i.sha256, i.size, i.instance_number, i.rows,
               i.columns, i.frames)  # fmt: skip
    query = (
        select(*columns, study.c.study_uid, study.c.series_uid, study.c.modality, study.c.tags, study.c.patient_id)
        .join(study, study.c.id == i.study_id)
        .where(study.c.study_uid != "", i.sop_instance_uid.not_like(_UNNAMED))
        .order_by(study.c.study_uid, study.c.id, i.instance_number.nulls_last(), i.sop_instance_uid)
    )
    for tag, value in asked.keys.items():
        if tag in _OF_INSTANCE:
            query = query.where(_text(_OF_INSTANCE[tag], value))
        else:
            query = query.where(_series_matches(tag, value))
    return _page(connection, query, asked)


def _page(connection: Connection, query: Select[Any], asked: Asked) -> Sequence[Any]:
    return connection.execute(query.limit(asked.limit).offset(asked.offset)).all()


_OF_INSTANCE: Mapping[str, ColumnElement[Any]] = {
    "00080018": dicom_instance.c.sop_instance_uid,
    "00080016": dicom_instance.c.sop_class_uid,
    "00200013": dicom_instance.c.instance_number.cast(Text),
}


def _series_matches(tag: str, value: str) -> ColumnElement[bool]:
    if tag == "0020000D":
        return _text(study.c.study_uid, value)
    if tag == "0020000E":
        return _text(study.c.series_uid, value)
    if tag in ("00080060", "00080061"):
        return _text(study.c.modality, value)
    said = study.c.tags[tag]["Value"][0]
    if tag == "00100010":  # a person name: the case of letters does not count
        return _text(func.lower(said["Alphabetic"].astext), value.lower())
    if found := _RANGE.fullmatch(value):
        first, last = found.groups()
        bounds = ([said.astext >= first] if first else []) + ([said.astext <= last] if last else [])
        return and_(true(), *bounds)
    return _text(said.astext, value)


def _text(column: ColumnElement[Any], value: str) -> ColumnElement[bool]:
    if not value or value == "*":
        return true()
    listed = re.split(r"[,\\]", value)
    if len(listed) > 1:
        return column.in_(listed)
    if "*" in value or "?" in value:
        escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return column.like(escaped.replace("*", "%").replace("?", "_"))
    return column == value
