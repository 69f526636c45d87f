"""What do the other pages list: patients, imports, messages, what rules did, how the instance is?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, cast, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import UUID

from twin.store import patients
from twin.store.links import is_retired
from twin.store.tables import (
    api_token,
    audit_event,
    audit_seal,
    fact,
    import_run,
    inbox_message,
    outbox,
    patient,
    patient_identifier,
    patient_link,
    recall,
    user_account,
)

MOST = 50  # rows of a list that is searched, not read through


@dataclass(frozen=True, kw_only=True)
class RuleRecord:
    """What a rule has done: recalls it opened, and how they ended."""

    opened: int
    live: int
    by_result: int
    by_person: int
    stopped: int
    reasons: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class SealState:
    """How far the audit chain is sealed."""

    events: int
    sealed: int
    last_sealed_at: datetime | None


def find_patients(connection: Connection, asked: str) -> Sequence[Row]:
    """Return patients whose name or identifier begins with `asked` (any part of the name too); all by name for "".

    A merged record is not listed; its name and numbers find the patient that it is read as.
    """
    pattern = _escaped(asked.strip().lower())
    open_recalls = (
        select(func.count()).where(recall.c.patient_id == patient.c.id, recall.c.state == "open").scalar_subquery()
    )
    number = (
        select(patient_identifier.c.value)
        .where(patient_identifier.c.patient_id == patient.c.id)
        .order_by(patient_identifier.c.kind != "MR", patient_identifier.c.value)
        .limit(1)
        .scalar_subquery()
    )
    merged = select(func.count()).where(
        patient_link.c.into_id == patient.c.id, patient_link.c.unlinked_at.is_(None)
    ).scalar_subquery()  # fmt: skip
    is_death = (fact.c.kind == "death", fact.c.superseded_at.is_(None))
    own = select(func.min(fact.c.observed_at)).where(fact.c.patient_id == patient.c.id, *is_death).scalar_subquery()
    of_merged = (
        select(func.min(fact.c.observed_at))
        .join(patient_link, patient_link.c.retired_id == fact.c.patient_id)
        .where(patient_link.c.into_id == patient.c.id, patient_link.c.unlinked_at.is_(None), *is_death)
        .scalar_subquery()
    )
    died_at = func.least(own, of_merged)  # one that is not there counts for nothing
    told = (
        open_recalls.label("open_recalls"),
        number.label("number"),
        merged.label("merged"),
        died_at.label("died_at"),
    )
    found = select(patient, *told)
    found = found.where(~is_retired(patient.c.id))
    if pattern:
        answers = or_(patients.answering(asked.strip()), func.lower(patient.c.name).like(f"% {pattern}%"))
        survivors = patients.survivors_answering(connection, answers)
        found = found.where(or_(answers, patient.c.id.in_(survivors)) if survivors else answers)
    return connection.execute(found.order_by(func.lower(patient.c.name), patient.c.id).limit(MOST)).all()


def runs(connection: Connection) -> Sequence[Row]:
    """Return the latest imports, the newest first; files of an archive stand under it."""
    asked = select(import_run).where(import_run.c.parent_id.is_(None))
    return connection.execute(asked.order_by(import_run.c.id.desc()).limit(MOST)).all()


def inbox(connection: Connection, recipients: Sequence[str]) -> Sequence[Row]:
    """Return the newest messages for a user and the user's roles, with the patient each is about."""
    about = func.coalesce(recall.c.patient_id, cast(inbox_message.c.payload["patient_id"].astext, UUID(as_uuid=False)))
    return connection.execute(
        select(inbox_message, about.label("patient_id"))
        .outerjoin(recall, recall.c.id == inbox_message.c.recall_id)
        .where(inbox_message.c.recipient.in_(recipients))
        .order_by(inbox_message.c.created_at.desc())
        .limit(MOST)
    ).all()


def mark_read(connection: Connection, message_id: str, recipients: Sequence[str], now: datetime) -> bool:
    """Note that a message was read; False where it is not theirs, or was read before."""
    mine = inbox_message.c.recipient.in_(recipients)
    unread = inbox_message.c.read_at.is_(None)
    done = connection.execute(
        update(inbox_message).where(inbox_message.c.id == message_id, mine, unread).values(read_at=now)
    )
    return done.rowcount == 1


def rule_records(connection: Connection) -> Mapping[str, RuleRecord]:
    """Return by rule id how often it fired, and what people and results made of it."""
    ending = recall.c.closing["action"].astext
    why = recall.c.closing["reason"].astext
    rows = connection.execute(
        select(recall.c.rule_id, recall.c.state, ending.label("ending"), why.label("why"), func.count().label("n"))
        .group_by(recall.c.rule_id, recall.c.state, ending, why)
    )  # fmt: skip
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.rule_id, []).append(row)
    return {rule_id: _rule_record(found) for rule_id, found in grouped.items()}


def _rule_record(rows: Sequence[Row]) -> RuleRecord:
    def total(*, state: str | None = None, ending: str | None = None) -> int:
        return sum(row.n for row in rows if state in (None, row.state) and ending in (None, row.ending))

    reasons = {row.why: row.n for row in rows if row.ending == "closed_by_person" and row.why}
    return RuleRecord(
        opened=total(), live=total(state="open"), by_result=total(state="closed", ending="closed_by_result"),
        by_person=total(state="closed", ending="closed_by_person"), stopped=total(state="stopped"), reasons=reasons,
    )  # fmt: skip


def users(connection: Connection) -> Sequence[Row]:
    """Return the local accounts, never their password hashes."""
    names = ("id", "username", "display_name", "role", "email", "active", "locked_until", "created_at")
    return connection.execute(select(*(user_account.c[name] for name in names)).order_by(user_account.c.username)).all()


def tokens(connection: Connection) -> Sequence[Row]:
    """Return the API tokens, never their hashes, with whose they are."""
    names = ("id", "name", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at")
    return connection.execute(
        select(*(api_token.c[name] for name in names), user_account.c.username)
        .join(user_account, user_account.c.id == api_token.c.user_id)
        .order_by(api_token.c.id.desc())
        .limit(MOST)
    ).all()


def seal_state(connection: Connection) -> SealState:
    """Return how many audit rows there are and how many of them are sealed."""
    row = connection.execute(
        select(
            select(func.count()).select_from(audit_event).scalar_subquery().label("events"),
            select(func.count()).select_from(audit_seal).scalar_subquery().label("sealed"),
            select(func.max(audit_seal.c.sealed_at)).scalar_subquery().label("last_sealed_at"),
        )
    ).one()
    return SealState(**row._asdict())


def undelivered(connection: Connection) -> Sequence[Row]:
    """Return reminders that failed, or of which nobody can say whether they arrived; the newest first."""
    columns = (outbox.c.id, outbox.c.recall_id, outbox.c.kind, outbox.c.channel, outbox.c.recipient, outbox.c.status,
               outbox.c.attempts, outbox.c.last_error, outbox.c.created_at)  # fmt: skip
    return connection.execute(
        select(*columns, recall.c.patient_id)
        .outerjoin(recall, recall.c.id == outbox.c.recall_id)
        .where(outbox.c.status.in_(("failed", "uncertain")))
        .order_by(outbox.c.created_at.desc())
        .limit(MOST)
    ).all()


def last_heartbeat(connection: Connection) -> datetime | None:
    """Return when a worker was last alive; None where none ever was, or its tables are not there yet."""
    if connection.execute(text("select to_regclass('procrastinate_workers')")).scalar_one() is None:
        return None
    return connection.execute(text("select max(last_heartbeat) from procrastinate_workers")).scalar_one()


def _escaped(asked: str) -> str:
    return asked.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
