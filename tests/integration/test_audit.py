"""The audit chain on a real database: what it seals, and what it notices."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine, delete, text, update

from twin.store import audit
from twin.store.tables import audit_event, audit_seal

PATIENT = "5f0c1b52-6d0e-4c2e-9a55-0b8f0b7f3c11"


def append(connection: Connection, now: datetime, count: int) -> None:
    for n in range(count):
        detail = {"n": n, "share": n / 3, "nested": {"z": None, "a": [1, "é", "\U0001f9ec"]}}
        audit.append(
            connection, at=now + timedelta(microseconds=n), actor="user:anna", action="record.read",
            resource=f"GET /patients/{n}", patient_id=PATIENT, detail=detail,
        )  # fmt: skip


@pytest.fixture
def chain(engine: Engine, now: datetime) -> Engine:
    """Ten sealed events."""
    with engine.begin() as connection:
        append(connection, now, 10)
    with engine.begin() as connection:
        assert audit.seal(connection, now) == 10
    return engine


def verify(engine: Engine, anchor: audit.Head | None = None) -> audit.Verification:
    with engine.connect() as connection:
        return audit.verify(connection, anchor=anchor)


def test_an_untouched_chain_holds_and_tells_its_unsealed_tail(chain: Engine, now: datetime) -> None:
    with chain.begin() as connection:
        append(connection, now, 3)
    found = verify(chain)
    assert (found.events, found.sealed, found.unsealed_tail, found.first_break) == (13, 10, 3, None)
    assert found.head is not None and found.head.position == 10


def test_an_empty_chain_holds(engine: Engine) -> None:
    assert verify(engine) == audit.Verification(events=0, sealed=0, unsealed_tail=0, first_break=None, head=None)


def test_sealing_again_seals_nothing_twice_and_the_chain_goes_on(chain: Engine, now: datetime) -> None:
    with chain.begin() as connection:
        assert audit.seal(connection, now) == 0
        append(connection, now, 5)
        assert [audit.seal(connection, now, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    found = verify(chain)
    assert (found.sealed, found.first_break) == (15, None)


def test_an_event_that_commits_late_is_sealed_after_younger_ones(chain: Engine, now: datetime) -> None:
    with chain.connect() as slow:
        append(slow, now, 1)
        with chain.begin() as quick:
            append(quick, now, 1)
        with chain.begin() as connection:
            assert audit.seal(connection, now) == 1
        slow.commit()
    with chain.begin() as connection:
        assert audit.seal(connection, now) == 1
    found = verify(chain)
    assert (found.sealed, found.unsealed_tail, found.first_break) == (12, 0, None)


def test_an_event_later_than_the_reach_is_told_as_unsealed_and_found_by_the_full_sweep(
    chain: Engine, now: datetime
) -> None:
    with chain.begin() as connection:
        connection.execute(delete(audit_seal))
        connection.execute(audit_seal.insert(), {"position": 1, "event_id": 10, "hash": "0" * 64, "sealed_at": now})
        assert audit.seal(connection, now, reach=3) == 2
        assert audit.verify(connection).unsealed_tail == 7
        assert audit.seal(connection, now, reach=None) == 7


CHANGES: dict[str, tuple[Callable[[Connection], object], str]] = {
    "another actor": (lambda c: change(c, 4, actor="user:eve"), "changed"),
    "another patient": (lambda c: change(c, 4, patient_id="00000000-0000-0000-0000-000000000001"), "changed"),
    "no patient": (lambda c: change(c, 4, patient_id=None), "changed"),
    "another action": (lambda c: change(c, 4, action="sign_in"), "changed"),
    "another outcome": (lambda c: change(c, 4, outcome="denied"), "changed"),
    "another resource": (lambda c: change(c, 4, resource="GET /"), "changed"),
    "another microsecond": (lambda c: change(c, 4, at=datetime(2026, 11, 22, 9, 0, 0, 4, UTC)), "changed"),
    "one number in the detail": (lambda c: change(c, 4, detail={"n": 4}), "changed"),
    "the time of the seal": (lambda c: seal(c, 4, sealed_at=datetime(2020, 1, 1, tzinfo=UTC)), "changed"),
    "the hash of the seal": (lambda c: seal(c, 4, hash="f" * 64), "changed"),
    "the event gone": (lambda c: c.execute(delete(audit_event).where(audit_event.c.id == 4)), "deleted"),
    "the seal gone": (lambda c: c.execute(delete(audit_seal).where(audit_seal.c.position == 4)), "seal_missing"),
    "two events exchanged": (lambda c: exchange(c), "changed"),
    "two seals exchanged": (lambda c: exchange_seals(c), "changed"),
}


def change(connection: Connection, event_id: int, **values: object) -> None:
    connection.execute(update(audit_event).where(audit_event.c.id == event_id).values(values))


def seal(connection: Connection, at: int, **values: object) -> None:
    connection.execute(update(audit_seal).where(audit_seal.c.position == at).values(values))


def exchange(connection: Connection) -> None:
    for old, new in ((4, 99), (5, 4), (99, 5)):
        connection.execute(text(f"update audit_event set id = {new} where id = {old}"))


def exchange_seals(connection: Connection) -> None:
    for old, new in ((4, 99), (5, 4), (99, 5)):
        connection.execute(text(f"update audit_seal set position = {new} where position = {old}"))


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_is_tampered_with_breaks_the_chain_at_its_place(chain: Engine, what: str) -> None:
    tamper, reason = CHANGES[what]
    with chain.begin() as connection:
        tamper(connection)
    found = verify(chain)
    assert found.first_break is not None
    assert (found.first_break.position, found.first_break.reason) == (4, reason)


def test_a_row_deleted_with_its_seal_and_the_rest_renumbered_breaks_the_chain(chain: Engine) -> None:
    with chain.begin() as connection:
        connection.execute(delete(audit_event).where(audit_event.c.id == 4))
        connection.execute(delete(audit_seal).where(audit_seal.c.position == 4))
        for position in range(5, 11):
            seal(connection, position, position=position - 1)
    found = verify(chain)
    assert found.first_break is not None and found.first_break.position == 4


def test_an_end_that_was_cut_off_is_noticed_by_a_head_written_down(chain: Engine) -> None:
    noted = verify(chain).head
    with chain.begin() as connection:
        connection.execute(delete(audit_event).where(audit_event.c.id > 7))
        connection.execute(delete(audit_seal).where(audit_seal.c.position > 7))
    assert verify(chain).first_break is None
    found = verify(chain, anchor=noted)
    assert found.first_break is not None and found.first_break.reason == "head_missing"


def test_a_head_written_down_is_found_again_as_the_chain_grows(chain: Engine, now: datetime) -> None:
    noted = verify(chain).head
    with chain.begin() as connection:
        append(connection, now, 2)
        audit.seal(connection, now)
    assert verify(chain, anchor=noted).first_break is None


def test_an_event_of_a_transaction_that_failed_leaves_no_row(chain: Engine, now: datetime) -> None:
    with chain.connect() as connection:
        append(connection, now, 1)
        connection.rollback()
    assert verify(chain).events == 10
