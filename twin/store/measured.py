"""What was measured of nodules on which CT, as far as the record states it?"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Row, func, select

from twin.store.links import read_as
from twin.store.tables import fact

SIZES = ("nodule_volume_mm3", "nodule_diameter_mm")
GROWTH = "nodule_%doubling%"


def of_nodules(connection: Connection, patient_id: str) -> Mapping[int, Sequence[Row]]:
    """Return the facts on nodule size and growth that stand, by study id, in the order of their keys and parts."""
    code = fact.c.code
    told = ("code", "display", "value", "unit", "sd", "part", "device", "resource")
    rows = connection.execute(
        select(*(fact.c[name] for name in told))
        .where(
            fact.c.patient_id == func.any(read_as(patient_id)), fact.c.superseded_at.is_(None),
            fact.c.resource.like("study/%"), code.in_(SIZES) | code.like(GROWTH), fact.c.value.is_not(None),
        )
        .order_by(code, fact.c.part, fact.c.id)
    )  # fmt: skip
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(int(row.resource.removeprefix("study/")), []).append(row)
    return found
