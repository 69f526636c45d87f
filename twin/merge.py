"""How do two records become one patient, and two again, with their twins, recalls and reminders?

One transaction: the link, the twins marked stale, the audit, and the recalls. The retired record keeps its recalls as
they are; they are suppressed (`alerts.mute`: "merged") because whoever asks for recalls leaves out retired records. The
survivor carries them: `alerts.joining` says how, docs/decisions/0009 why.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection, Engine

from alerts import joining
from alerts.recall import Recall
from twin.store import carried, forecasts, links, matching, records
from twin.store.alerts import PostgresAlerts
from twin.store.links import CannotLink, Link
from twin.store.matching import Review


def merge(engine: Engine, retired_id: str, into_id: str, *, reason: str, actor: str, now: datetime) -> Link:
    """Let one record be read as part of another from now on.

    Raises:
        CannotLink: a record with itself, one that is retired already, a circle, or no reason.
    """
    with engine.begin() as connection:
        return merge_in(connection, retired_id, into_id, reason=reason, actor=actor, now=now)


def merge_in(connection: Connection, retired_id: str, into_id: str, *, reason: str, actor: str, now: datetime) -> Link:
    """As `merge`, in the caller's transaction."""
    links.lock(connection)
    above = (into_id, *links.path_from(connection, into_id))
    alone = {each for each in above if links.members_of(connection, each) == (each,)}
    link = links.link(connection, retired_id, into_id, reason=reason, actor=actor, now=now)
    store = PostgresAlerts.within(connection)
    for below, survivor in zip((retired_id, *above), above, strict=False):
        if survivor in alone:
            for each in store.live(survivor):
                store.apply(joining.kept(each, by=actor, now=now))
        _carry(connection, store, below, survivor, actor=actor, now=now)
    carried.let_go(connection, retired_id)
    forecasts.hand_on(connection, retired_id)  # a retired record is not computed; its survivors are
    records.mark_stale(connection, above, now)
    group = links.members_of(connection, above[-1])
    matching.settle_group(connection, group, reason=link.reason, actor=actor, now=now)
    return link


def unmerge(engine: Engine, retired_id: str, *, reason: str, actor: str, now: datetime) -> Link:
    """Undo a merge: both records stand for themselves again, each with its own facts and recalls.

    Raises:
        CannotLink: the record is not retired, or no reason is given.
    """
    with engine.begin() as connection:
        return unmerge_in(connection, retired_id, reason=reason, actor=actor, now=now)


def unmerge_in(connection: Connection, retired_id: str, *, reason: str, actor: str, now: datetime) -> Link:
    """As `unmerge`, in the caller's transaction."""
    links.lock(connection)
    above = links.path_from(connection, retired_id)
    leaving = links.members_of(connection, retired_id)
    link = links.unlink(connection, retired_id, reason=reason, actor=actor, now=now)
    store = PostgresAlerts.within(connection)
    for survivor in reversed(above):  # from the top: what is given back is given on further down
        _part(connection, store, survivor, leaving, actor=actor, now=now)
    for survivor in above:
        for below in links.linked_into(connection, survivor):
            _carry(connection, store, below, survivor, actor=actor, now=now)
    records.mark_stale(connection, (retired_id, *above), now)
    return link


def decide_review(
    engine: Engine, review_id: int, *, is_same: bool, reason: str, actor: str, now: datetime, into_id: str | None = None
) -> Review:
    """Do what a person decided about a pair of the review list: link the two, or keep them apart.

    Args:
        into_id: the record that remains, one of the two; by default the one that was there first.

    Raises:
        AlreadyDecided: the pair is not open any more.
        CannotLink: no reason, `into_id` is neither, or the two can't be linked (any more).
    """
    decision: matching.Decision = "linked" if is_same else "dismissed"
    with engine.begin() as connection:
        review = matching.decide(connection, review_id, decision, reason=reason, actor=actor, now=now)
        if is_same:
            into = into_id or review.candidate_id
            if into not in (review.patient_id, review.candidate_id):
                raise CannotLink("the record that remains must be one of the two")
            retired = review.patient_id if into == review.candidate_id else review.candidate_id
            merge_in(connection, retired, into, reason=reason, actor=actor, now=now)
    return review


def _carry(
    connection: Connection, store: PostgresAlerts, below: str, survivor: str, *, actor: str, now: datetime
) -> None:
    """Let a survivor carry the open recalls of a record that is linked into it; doing it twice does it once."""
    own = {each.key: each for each in store.live(survivor)}
    unsent = carried.unsent(connection, below)
    for each in store.live(below):
        standing = own.get(each.key)
        if standing is None:
            store.add(*joining.carried(each, survivor, str(uuid4()), now, is_told=each.id not in unsent))
        elif joining.carried_from(store.events(standing.id)) != each.id:
            taken = joining.joined(standing, each, by=actor, now=now)
            if taken is not None:
                store.apply(taken)


def _part(
    connection: Connection, store: PostgresAlerts, survivor: str, leaving: Sequence[str], *, actor: str, now: datetime
) -> None:
    """Take from a survivor what rests on the leaving records, and set its own recalls back to how they stood."""
    citing = carried.citing(connection, survivor, leaving)
    for each in store.all_of(survivor):
        events = store.events(each.id)
        origin = joining.carried_from(events)
        if origin is not None and _first(store, origin).patient_id in leaving:
            _give_back(store, each, origin, actor=actor, now=now)
        elif each.id not in citing or joining.is_kept(events):
            continue
        if each.state == "open":
            store.apply(joining.withdrawn(each, now=now))
    is_still_joint = links.members_of(connection, survivor) != (survivor,)
    answered = carried.closed_without(connection, survivor, leaving)
    for each in store.all_of(survivor):
        back = joining.restored(each, store.events(each.id), by=actor, now=now) if each.id not in answered else None
        if back is not None and store.apply(back) and is_still_joint:
            store.apply(joining.kept(back.after, by=actor, now=now))


def _give_back(store: PostgresAlerts, copy: Recall, origin: str, *, actor: str, now: datetime) -> None:
    original = _found(store, origin)
    step = joining.given_back(original, copy, store.events(copy.id), by=actor, now=now)
    if step is not None:
        store.apply(step)


def _first(store: PostgresAlerts, recall_id: str) -> Recall:
    """Return the recall at the beginning of a chain of carried ones."""
    before = joining.carried_from(store.events(recall_id))
    return _found(store, recall_id) if before is None else _first(store, before)


def _found(store: PostgresAlerts, recall_id: str) -> Recall:
    found = store.get(recall_id)
    assert found is not None  # recalls are never deleted
    return found
