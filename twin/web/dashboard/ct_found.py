"""Which findings does a patient's page list? One line a key and series, however many places it was found in."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twin.web.dashboard.ct_findings import FINDINGS, PLACES

_SIZE = re.compile(r"(\d+(?:\.\d+)?) (\S+)")  # how our own finders say how much: `0.029 mL`


@dataclass(frozen=True, kw_only=True)
class Found:
    """A finding, once a series or source: `fact_id` is that of its largest place, `is_ours` not confirmed by anybody.

    `value` and `unit` are the size of the largest of its `places`; where none is told, `detail` is what was said.
    """

    place: str
    key: str
    display: str
    at: Any  # an ISO time, as the snapshot holds it
    fact_id: int | None
    places: int
    value: float | None
    unit: str | None
    detail: str | None
    said_by: str
    is_ours: bool


def found(body: Mapping[str, Any] | None) -> list[Found]:
    """Return the findings of a snapshot by place, then the newest first; other sources keep their own line."""
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for item in (body or {}).get("findings", ()):
        size = _size(item)
        apart = (size[1],) if size is not None and item.get("key") else (item.get("detail"), item.get("fact_id"))
        name = item.get("key") or item.get("display")
        groups.setdefault((name, str(item["at"]), item.get("said_by") or "", *apart), []).append(item)
    lines = sorted((_joined(items) for items in groups.values()), key=lambda one: str(one.at), reverse=True)
    order = {place: position for position, place in enumerate((*PLACES, ""))}
    return sorted(lines, key=lambda one: order[one.place])


def _joined(items: Sequence[Mapping[str, Any]]) -> Found:
    sizes = [size[0] if (size := _size(item)) is not None else -1.0 for item in items]
    largest = items[sizes.index(max(sizes))]
    size = _size(largest)
    key = largest.get("key") or ""
    told = [item.get("places") or item.get("count") or 1 for item in items]
    return Found(
        place=FINDINGS[key][0] if key in FINDINGS else "", key=key if key in FINDINGS else "",
        display=largest["display"], at=largest["at"], fact_id=largest.get("fact_id"), places=sum(told),
        value=size[0] if size is not None else None, unit=size[1] if size is not None else None,
        detail=largest.get("detail"), said_by=largest.get("said_by") or "", is_ours=bool(largest.get("is_ours")),
    )  # fmt: skip


def _size(item: Mapping[str, Any]) -> tuple[float, str] | None:
    match = _SIZE.fullmatch(str(item.get("detail") or ""))
    return (float(match[1]), match[2]) if match is not None else None
