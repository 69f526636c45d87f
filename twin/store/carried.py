"""Which recalls does a merge, or its undoing, touch? What `twin.merge` asks of the database beside the recall store."""

from collections.abc import Sequence

from sqlalchemy import UUID, Connection, bindparam, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY

from twin.store.tables import outbox, recall

_MEMBERS = bindparam("members", type_=ARRAY(UUID(as_uuid=False)))
# A result is named `fact/7`, and evidence holds the facts it rests on as `inputs`: twin.rescore, twin.watch
_CITING = text(
    "select distinct r.id::text from recall r"
    " cross join lateral jsonb_path_query(r.evidence, '$.inputs[*].fact_id ? (@.type() == \"number\")') as cited"
    " join fact f on f.id = cited::bigint where r.patient_id = :patient_id and f.patient_id = any(:members)"
).bindparams(_MEMBERS)
_CLOSED_BY = text(
    "select r.id::text from recall r join fact f on 'fact/' || f.id = r.closing->>'result'"
    " where r.patient_id = :patient_id and r.state = 'closed' and f.patient_id <> all(:members)"
).bindparams(_MEMBERS)


def citing(connection: Connection, patient_id: str, members: Sequence[str]) -> set[str]:
    """Return the recalls of a patient whose evidence holds a fact of these records."""
    return set(connection.execute(_CITING, {"patient_id": patient_id, "members": list(members)}).scalars())


def closed_without(connection: Connection, patient_id: str, members: Sequence[str]) -> set[str]:
    """Return the recalls of a patient that a result closed which is none of these records'."""
    return set(connection.execute(_CLOSED_BY, {"patient_id": patient_id, "members": list(members)}).scalars())


def unsent(connection: Connection, patient_id: str) -> set[str]:
    """Return the recalls of a patient with a reminder that has not left."""
    asked = select(recall.c.id).join(outbox, outbox.c.recall_id == recall.c.id)
    waiting = outbox.c.status.in_(("waiting", "claimed"))
    return set(connection.execute(asked.where(recall.c.patient_id == patient_id, waiting)).scalars())


def let_go(connection: Connection, patient_id: str) -> int:
    """Put the patient's reminders that a worker holds back among those that wait, so that they don't leave now.

    The worker notices: what it holds is not claimed any more.
    """
    theirs = select(recall.c.id).where(recall.c.patient_id == patient_id).scalar_subquery()
    held = (outbox.c.recall_id.in_(theirs), outbox.c.status == "claimed")
    return connection.execute(update(outbox).where(*held).values(status="waiting", claimed_until=None)).rowcount
