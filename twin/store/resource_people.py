"""Whose resources are meant? Patients by the ids and identifiers that a search names, merged records as one."""

import re
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, and_, or_, select

from twin.store import links, resources
from twin.store import tables as t
from twin.store.resources import Version


def people_named(connection: Connection, ids: Iterable[str], source: str | None) -> set[str]:
    """Return the patients meant by ids of Patient resources, or by our own, with all records that are read as them."""
    found: set[str] = set()
    i = t.import_item
    wanted = sorted(set(ids))
    if wanted:
        named = resources.named_so(connection, "Patient", wanted, source)
        asked = select(i.c.patient_id).where(
            i.c.kind == "Patient", i.c.patient_id.is_not(None), i.c.resource.is_not(None), named
        )
        found.update(connection.execute(asked.distinct()).scalars())
        if ours := [each for each in wanted if is_uuid(each)]:
            found.update(connection.execute(select(t.patient.c.id).where(t.patient.c.id.in_(ours))).scalars())
    return whole(connection, found)


def people_identified(connection: Connection, tokens: Iterable[tuple[str | None, str]]) -> set[str]:
    """Return the patients who bear one of these identifiers, and all records that are read as them."""
    n = t.patient_identifier.c
    asked = [n.value == value if system is None else and_(n.system == system, n.value == value)
             for system, value in tokens]  # fmt: skip
    return whole(connection, set(connection.execute(select(n.patient_id).where(or_(*asked))).scalars()))


def whole(connection: Connection, ids: set[str]) -> set[str]:
    """Return every record that is read as one patient with one of these."""
    tops = set(links.survivor_of(connection, ids).values())
    merged = links.merged_into(connection, sorted(tops))
    return {*tops, *(each for below in merged.values() for each in below)}


def newest_patient(connection: Connection, patient_ids: Sequence[str]) -> Version | None:
    """Return the newest standing Patient resource of these records."""
    i = t.import_item
    asked = (
        select(i)
        .where(i.c.kind == "Patient", i.c.patient_id.in_(patient_ids), i.c.resource.is_not(None))
        .where(i.c.superseded_at.is_(None))
        .order_by(i.c.id.desc())
        .limit(1)
    )
    row = connection.execute(asked).one_or_none()
    return None if row is None else resources.version_of(row)


def is_uuid(word: str) -> bool:
    """True for a UUID as we write ours."""
    return re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", word) is not None
