"""What a series states in the record: that it was made, and what was seen in it; superseded when either changes."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from twin.importers.base import Item
from twin.record.fact import Coding, Derived, FactDraft
from twin.record.quality import derive
from twin.store import ledger, records, studies
from twin.store.records import NewFact
from twin.store.studies import Study

SOURCE = "imaging"
SERIES, SCREENING, MEASURES = "series", "screening", "measures"  # topics: each is superseded as a whole
CT = Coding(system="http://dicom.nema.org/resources/ontology/DCM", code="CT", display="Computed tomography")  # CID 29


def state_series(connection: Connection, study: Study, patient_id: str, import_id: int, now: datetime) -> int:
    """State that a CT series of this patient was made; return how many facts that wrote."""
    shown = str(study.described.get("description") or CT.display)
    at = study.acquired_at or now
    draft = FactDraft(
        kind="imaging_study", coding=Coding(system=CT.system, code=CT.code, display=shown), observed_at=at,
        known_at=at, known_basis="observed", where=f"series {study.series_uid}", resource=f"study/{study.id}",
        status="available",
    )  # fmt: skip
    return state(connection, study, SERIES, "", [draft], patient_id, import_id, now)


def state(
    connection: Connection, study: Study, topic: str, content: str, drafts: Sequence[FactDraft], patient_id: str,
    import_id: int, now: datetime,
) -> int:  # fmt: skip
    """State facts of one topic of a series; what stood of it before is superseded. Return how many were written.

    The revision is part of what is told apart: a series given away and back, or grown, states everything anew.
    """
    key = f"{topic}/{study.series_uid}"
    item = Item(
        key=key, fingerprint=f"{study.revision}/{content}", kind="series", where=key, facts=tuple(drafts)
    )  # fmt: skip
    (entered,) = ledger.enter(connection, [item], source=SOURCE, import_id=import_id, patient_ids=[patient_id], now=now)
    if entered is None:
        return 0
    ledger.supersede(connection, entered.supersedes, now)
    new = []
    for draft in drafts:
        derived = derive(draft)
        assert isinstance(derived, Derived), "an imaging fact has no value that could be refused"
        new.append(NewFact(patient_id=patient_id, item_id=entered.item_id, draft=draft, derived=derived))
    return records.add_facts(connection, new, import_id=import_id, now=now)


def retract(connection: Connection, study: Study, topic: str, now: datetime) -> int:
    """Supersede what a series stated of a topic with nothing; return how many facts that were."""
    return ledger.supersede(connection, studies.stated(connection, SOURCE, f"{topic}/{study.series_uid}"), now)


def retract_all(connection: Connection, study: Study, now: datetime) -> int:
    """Supersede all that a series stated, whatever the topic; return how many facts that were."""
    return ledger.supersede(connection, studies.stated_of(connection, study), now)
