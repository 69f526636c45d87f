"""Which abnormalities of the catalogue the numbers of a CT show, as facts under our own keys.

Imaging measures; the cut-offs are those of `twin/organs/ct_cutoffs.csv`, whose sources and whether they were read stand
there. Only what is surely past its line is stated, as preliminary: a value near its line, or none, says nothing, and
a number on the other side of a line stands in the record as that number.
"""

from collections.abc import Iterable
from datetime import datetime

from imaging.measure.base import Measurement
from twin.organs.ct_cutoffs import Judgement, Reading, cutoffs, judge
from twin.record.codes import OWN_FINDING
from twin.record.fact import Coding, FactDraft
from twin.scan.measured import protocol
from twin.store.studies import Study


def drafts(study: Study, measurements: Iterable[Measurement], now: datetime) -> list[FactDraft]:
    """Return one fact a measured abnormality that is present, with the number that says so in its words."""
    at = study.acquired_at or now
    readings = [
        Reading(key=one.key, value=one.value, sd=one.sd, level=one.level, refused=one.refused) for one in measurements
    ]
    told = {finding: judge(finding, readings) for finding in cutoffs()}
    return [
        FactDraft(
            kind="finding",
            coding=Coding(system=OWN_FINDING, code=finding, display=f"{_words(finding)} ({_why(judgement)})"),
            value_kind="code",
            value="present",
            observed_at=at,
            known_at=max(now, at),
            known_basis="received",
            where=finding,
            resource=f"study/{study.id}",
            part=finding,
            device=protocol(study.described),
            status="preliminary",
        )
        for finding, judgement in told.items()
        if judgement.verdict == "present"
    ]


def _why(judgement: Judgement) -> str:
    """Return the number and its line, and that nobody has held the line against its source where that is so."""
    is_read = judgement.cutoff is not None and judgement.cutoff.status == "verified"
    return judgement.reason if is_read else f"{judgement.reason}, a cut-off that is not verified"


def _words(finding: str) -> str:
    words = finding.replace("_", " ")
    return words[:1].upper() + words[1:]
