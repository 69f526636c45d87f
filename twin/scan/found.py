"""What was found in a CT, as facts: one a kind of finding, under our own key, true when the CT was made."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from imaging.findings import FINDINGS
from imaging.findings.base import Finding
from twin.record.codes import OWN_FINDING
from twin.record.fact import Coding, FactDraft
from twin.scan.measured import protocol
from twin.store.studies import Study

_NARROWER = {finder.key: finder.narrower for finder in FINDINGS}
_LOOKS = {finder.key: finder.looks_for[:1].upper() + finder.looks_for[1:] for finder in FINDINGS}


def drafts(study: Study, found: Sequence[Finding], now: datetime) -> list[FactDraft]:
    """Return one fact a kind of finding: `value` is how much the foremost is, in its unit, beside how many there are.

    A hundred specks of calcium are one thing to tell a clinician; each with its place stays beside the study.
    A broader word is left out where a narrower one tells the same places. Preliminary: no person has seen them yet.
    """
    at = study.acquired_at or now
    broader = told_narrower(found)
    found = [one for one in found if one.key not in broader]
    made = []
    for key, group in groupby(sorted(found, key=lambda one: (one.key, one.rank)), key=lambda one: one.key):
        first, *others = group
        more = f" (the foremost of {len(others) + 1})" if others else ""
        made.append(
            FactDraft(
                kind="finding",
                coding=Coding(system=OWN_FINDING, code=key, display=_LOOKS[key] + more),
                value_kind="number",
                value=f"{first.score:.3f}",
                unit=first.unit,
                observed_at=at,
                known_at=max(now, at),
                known_basis="received",
                where=key,
                resource=f"study/{study.id}",
                part=key,
                device=protocol(study.described),
                status="preliminary",
            )
        )
    return made


def told_narrower(found: Sequence[Finding]) -> frozenset[str]:
    """Return the keys whose every place is told by a narrower one as well; a place is told by its box."""
    boxes: dict[str, set[object]] = {}
    for one in found:
        boxes.setdefault(one.key, set()).add(one.box_lps_mm)
    return frozenset(
        key
        for key, own in boxes.items()
        if own <= set().union(*(boxes.get(narrower, set()) for narrower in _NARROWER.get(key, ())))
    )
