"""Timelines for tests, written as small tables: a row a signal, a column a visit, months before `NOW`; `-` is no value.

months_ago  24   12    0
platelets  230  215  190
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from twin.record.fact import Coding, Derived, Fact, FactKind, Source
from twin.record.signal import signals
from twin.record.timeline import Patient, Timeline

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
BORN = date(1962, 3, 1)
MONTH = timedelta(days=365.25 / 12)


def ago(months: float) -> datetime:
    """Return the moment so many months before `NOW`."""
    return NOW - months * MONTH


def fact(number: int, key: str, at: datetime, value: float | None = None, **changes: Any) -> Fact:
    """Return a final, usable fact of a signal or concept; `changes` are fields of Fact or Derived."""
    derived = {name: changes.pop(name) for name in ("code", "quality", "signal") if name in changes}
    kind: FactKind = changes.pop("kind", "observation")
    fields: dict[str, Any] = {
        "id": number,
        "patient_id": "p1",
        "kind": kind,
        "coding": Coding(system="urn:test", code=key, display=key),
        "value_kind": "none" if value is None else "number",
        "value": None if value is None else str(value),
        "value_coding": None,
        "comparator": None,
        "unit": signals()[key].unit if key in signals() else None,
        "observed_at": at,
        "ended_at": None,
        "known_at": at,
        "known_basis": "issued",
        "recorded_at": at,
        "superseded_at": None,
        "source": Source(import_id=None, file_hash="", where="", resource=""),
        "device": None,
        "sd": None,
        "status": "final",
        "derived": Derived(
            **({"signal": key, "value": value, "code": None, "quality": "ok", "mapping_version": "test"} | derived)
        ),
    }
    return Fact(**(fields | changes))


def table(text: str, start: int = 1) -> tuple[Fact, ...]:
    """Return the facts of a table."""
    numbers = count(start)
    head, *rows = (line.split() for line in text.strip().splitlines())
    moments = [ago(float(cell)) for cell in head[1:]]
    return tuple(
        fact(next(numbers), row[0], moment, float(cell))
        for row in rows
        for moment, cell in zip(moments, row[1:], strict=True)
        if cell != "-"
    )


def history_of(*concepts: str, months: float = 60, kind: FactKind = "condition", start: int = 900) -> tuple[Fact, ...]:
    """Return one fact a concept, there since `months` ago."""
    return tuple(fact(start + number, key, ago(months), kind=kind) for number, key in enumerate(concepts))


def timeline(
    facts: Iterable[Fact] = (), *, as_of: datetime = NOW, sex: str = "female", born: date | None = BORN
) -> Timeline:
    """Return a timeline of these facts."""
    ordered = tuple(sorted(facts, key=lambda item: (item.observed_at, item.id)))
    patient = Patient(id="p1", name="Frieda Prüfung", sex=sex, birth_date=born)  # type: ignore[arg-type]
    return Timeline(patient=patient, as_of=as_of, facts=ordered)


FALLING_PLATELETS = """
months_ago   48   42   36   30   24   18   12    6    1
platelets   248  240  229  221  210  204  193  185  176
alt          52   49   55   50   53   51   50   54   52
ast          44   46   45   47   44   48   47   46   49
"""
"""A fatty liver whose platelets fall a few percent a year: FIB-4 rises towards its line."""
