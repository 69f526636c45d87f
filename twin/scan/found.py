"""What was found in a CT, as facts: one a finding, under our own key, true when the CT was made, known from now on."""

from collections.abc import Sequence
from datetime import datetime

from imaging.findings import FINDINGS
from imaging.findings.base import Finding
from twin.record.codes import OWN_FINDING
from twin.record.fact import Coding, FactDraft
from twin.scan.measured import protocol
from twin.store.studies import Study

_LOOKS = {finder.key: finder.looks_for[:1].upper() + finder.looks_for[1:] for finder in FINDINGS}


def drafts(study: Study, found: Sequence[Finding], now: datetime) -> list[FactDraft]:
    """Return the facts: `value` is how much, in the finding's unit; preliminary, for no person has seen them yet."""
    at = study.acquired_at or now
    return [
        FactDraft(
            kind="finding",
            coding=Coding(system=OWN_FINDING, code=each.key, display=_LOOKS[each.key]),
            value_kind="number",
            value=f"{each.score:.3f}",
            unit=each.unit,
            observed_at=at,
            known_at=max(now, at),
            known_basis="received",
            where=f"{each.key}[{each.rank}]",
            resource=f"study/{study.id}",
            part=f"{each.key}[{each.rank}]",
            device=protocol(study.described),
            status="preliminary",
        )
        for each in found
    ]
