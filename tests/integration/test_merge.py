"""Two records become one patient and two again: facts, twins, recalls and reminders split back as they were."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, text

from alerts import deliver, remind
from alerts.channels.inbox import CHANNEL as INBOX
from alerts.memory import SetClock
from alerts.message import Recipient
from alerts.policy import Policy
from alerts.recall import Recall
from alerts.steps import approve, assign, close_by_person, snooze
from tests.builders import bundle, lab, patient
from twin import intake, merge, rescore
from twin.importers.base import PatientDraft
from twin.settings import Settings
from twin.store import forecasts, links, matching, people, records, tables, worklist
from twin.store.alerts import PostgresAlerts
from twin.store.links import CannotLink

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
RISING = (5.6, 5.8, 6.1, 6.4, 6.7, 6.9)
CALM = (5.1, 5.2, 5.1, 5.2, 5.1, 5.2)
SLOW = (5.8, 5.9, 5.9, 6.0, 6.0, 6.1)  # below every line; one 6.6 more is past one
HBA1C = "4548-4"
ZHAO = Recipient(id="zhao", roles=frozenset({"coordinator"}), addresses={"inbox": "zhao"})
POLICY = Policy(remind_by=("inbox",))


class Clinic:
    """Records 1, 2 and 3, of one person or of several, and what is done to them."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine, self.settings, self.alerts = engine, settings, PostgresAlerts(engine)
        self.clock = SetClock(NOW)

    def arrive(self, number: int, values: Sequence[float] = RISING) -> str:
        """A record with a yearly HbA1c, computed."""
        named = patient(f"p{number}", mrn=str(number), birth=f"196{number}-05-04")
        self.send(named, *[self.hba1c(number, f"y{n}", value, NOW - timedelta(days=365 * (5 - n) + 5)) for n, value in
                           enumerate(values)])  # fmt: skip
        whose = self.id(number)
        self.compute(whose)
        return whose

    def hba1c(self, number: int, key: str, value: float, at: datetime) -> dict[str, Any]:
        return lab(f"{number}-{key}", HBA1C, value, "%", at.isoformat(), subject=f"Patient/p{number}")

    def send(self, *resources: dict[str, Any]) -> None:
        intake.take_bundle(self.engine, bundle(*resources), source="h", actor="t", atomic=True, now=self.clock.now())

    def id(self, number: int) -> str:
        with self.engine.connect() as connection:
            return people.find_patient(connection, str(number))

    def compute(self, *whose: str) -> None:
        for patient_id in whose:
            rescore.rescore(self.engine, self.alerts, self.settings, patient_id, now=self.clock.now())

    def compute_stale(self) -> list[str]:
        """What the worker's beat does, until nothing is stale."""
        done: list[str] = []
        for _ in range(3):
            self.wait(seconds=1)
            with self.engine.begin() as connection:
                waiting = forecasts.take_stale(connection, self.clock.now(), retry_after=timedelta(0), limit=50)
            self.compute(*waiting)
            done += waiting
        return done

    def merge(self, retired: str, into: str) -> None:
        self.wait()
        merge.merge(self.engine, retired, into, reason="same person", actor="user:zhao", now=self.clock.now())
        self.wait()

    def unmerge(self, retired: str) -> None:
        self.wait()
        merge.unmerge(self.engine, retired, reason="two people after all", actor="user:zhao", now=self.clock.now())

    def wait(self, **by: float) -> None:
        self.clock.time += timedelta(**(by or {"minutes": 1}))

    def beat(self) -> int:
        """Remind and deliver as the worker does; the number of messages that left."""
        remind.remind_once(self.alerts, [ZHAO], ["inbox"], self.clock, POLICY)
        channels = {"inbox": INBOX.open({})}
        return deliver.deliver_once(self.alerts, self.alerts, channels, self.clock).sent

    def live(self, whose: str) -> Recall:
        (found,) = self.alerts.live(whose)
        return found

    def listed(self) -> list[str]:
        with self.engine.connect() as connection:
            return [line.patient_id for line in worklist.page(connection, worklist.Filters(), self.clock.now().date())]

    def do(self, step: Any) -> None:
        assert self.alerts.apply(step)

    def state(self, *whose: str) -> dict[str, Any]:
        """Everything of these records but when it was computed, the versions, and what a merge undone has withdrawn."""
        found: dict[str, Any] = {}
        with self.engine.connect() as connection:
            for place, patient_id in enumerate(whose):
                mine = {"id": patient_id}
                facts = text("select to_jsonb(f) from fact f where patient_id = :id order by id")
                twin = text("select body - 'as_of', quiet, model_version from twin where patient_id = :id")
                organs = text("select organ, body from forecast where patient_id = :id order by organ")
                recalls = text(
                    "select to_jsonb(r) - 'version' from recall r where patient_id = :id"
                    " and coalesce(closing->>'reason', '') <> 'un_merged' order by opened_at, id"
                )
                inbox = text(
                    "select to_jsonb(m) from inbox_message m join recall r on r.id = m.recall_id"
                    " where r.patient_id = :id order by m.id"
                )
                for name, asked in {"facts": facts, "twin": twin, "organs": organs, "recalls": recalls,
                                    "inbox": inbox}.items():  # fmt: skip
                    found[f"{name} {place}"] = [tuple(row) for row in connection.execute(asked, mine)]
        return found


@pytest.fixture
def clinic(engine: Engine, settings: Settings) -> Clinic:
    return Clinic(engine, settings)


@pytest.mark.parametrize("values", [(RISING, CALM), (CALM, RISING), (RISING, RISING), (CALM, CALM)])
def test_a_merge_undone_leaves_both_records_as_they_were(clinic: Clinic, values: tuple[Any, Any]) -> None:
    one, two = clinic.arrive(1, values[0]), clinic.arrive(2, values[1])
    before = clinic.state(one, two)
    clinic.merge(one, two)
    clinic.compute_stale()
    clinic.unmerge(one)
    clinic.compute_stale()
    clinic.clock.time = NOW  # a forecast starts where it is computed
    clinic.compute(one, two)
    assert clinic.state(one, two) == before


def test_the_survivor_reads_the_facts_of_both_and_carries_the_recall(clinic: Clinic) -> None:
    one, two = clinic.arrive(1), clinic.arrive(2, CALM)
    clinic.do(assign(clinic.live(one), "zhao", by="miller", now=NOW))
    clinic.do(approve(clinic.live(one), by="miller", now=NOW))
    clinic.merge(one, two)
    with clinic.engine.connect() as connection:
        assert len(records.read_timeline(connection, two, clinic.clock.now()).facts) == 2 * len(RISING)
        assert len(records.read_timeline(connection, one, clinic.clock.now()).facts) == len(RISING)
    assert clinic.listed() == [two]
    assert (clinic.live(two).owner, clinic.live(two).approved_by) == ("zhao", "miller")
    assert clinic.live(one).state == "open", "the retired record's own recall stays as it is"


def test_a_merged_record_is_not_computed_and_its_survivor_once(clinic: Clinic) -> None:
    one, two = clinic.arrive(1), clinic.arrive(2, CALM)
    clinic.merge(one, two)
    before = clinic.state(one)
    done = clinic.compute_stale()
    assert done.count(two) == 1
    assert clinic.state(one) == before
    with clinic.engine.begin() as connection:
        assert forecasts.count_stale(connection) == 0
        in_a_year = clinic.clock.now() + timedelta(days=365)
        assert forecasts.age_out(connection, in_a_year, rescore.model_version(connection)) == 1


def test_facts_that_arrive_for_a_merged_record_are_the_survivors_until_it_is_undone(clinic: Clinic) -> None:
    one, two = clinic.arrive(1, SLOW), clinic.arrive(2, SLOW)
    clinic.merge(one, two)
    clinic.compute_stale()
    clinic.send(clinic.hba1c(1, "new", 6.6, NOW - timedelta(days=10)), clinic.hba1c(1, "newer", 6.8, NOW))
    assert two in clinic.compute_stale()
    assert clinic.listed() == [two]
    clinic.unmerge(one)
    clinic.wait()
    clinic.compute_stale()
    assert clinic.listed() == [one]
    with clinic.engine.connect() as connection:
        assert len(records.read_timeline(connection, one, clinic.clock.now()).facts) == len(SLOW) + 2
    (gone,) = clinic.alerts.all_of(two)
    assert gone.closing is not None and (gone.closing.action, gone.closing.reason) == ("withdrawn", "un_merged")


def test_new_own_facts_in_between_leave_what_they_would_have_left(clinic: Clinic) -> None:
    one, two = clinic.arrive(1), clinic.arrive(2, SLOW)
    assert clinic.listed() == [one]
    clinic.merge(one, two)
    clinic.compute_stale()
    clinic.send(clinic.hba1c(2, "own", 6.6, NOW))
    clinic.compute_stale()
    clinic.unmerge(one)
    clinic.wait()
    clinic.compute_stale()
    assert sorted(clinic.listed()) == sorted([one, two])
    assert all(row["value"] == 6.6 for row in clinic.live(two).evidence["inputs"])  # type: ignore[attr-defined]


def test_a_result_of_the_other_closes_nothing_once_it_is_the_others_again(clinic: Clinic) -> None:
    one, two = clinic.arrive(1, CALM), clinic.arrive(2)
    before = clinic.live(two)
    clinic.merge(one, two)
    clinic.compute_stale()
    clinic.wait(days=3)
    clinic.send(clinic.hba1c(1, "answer", 5.2, clinic.clock.now()))
    clinic.compute_stale()
    assert not clinic.alerts.live(two), "the result answers the joint record's recall"
    clinic.unmerge(one)
    clinic.wait()
    clinic.compute_stale()
    after = clinic.live(two)
    assert (after.id, after.due_at, after.evidence) == (before.id, before.due_at, before.evidence)


def test_what_a_person_closed_on_one_record_does_not_come_back_on_the_other(clinic: Clinic) -> None:
    one, two = clinic.arrive(1), clinic.arrive(2, CALM)
    clinic.do(close_by_person(clinic.live(one), "declined", by="miller", now=NOW))
    clinic.merge(one, two)
    clinic.compute_stale()
    assert clinic.listed() == []
    clinic.unmerge(one)
    clinic.compute_stale()
    assert clinic.listed() == []


def test_a_decision_on_a_carried_recall_goes_back_with_the_record(clinic: Clinic) -> None:
    one, two = clinic.arrive(1), clinic.arrive(2, CALM)
    clinic.merge(one, two)
    clinic.compute_stale()
    clinic.do(close_by_person(clinic.live(two), "declined", by="miller", now=clinic.clock.now()))
    clinic.unmerge(one)
    clinic.wait()
    clinic.compute_stale()
    assert clinic.listed() == []
    (original,) = clinic.alerts.all_of(one)
    assert original.closing is not None and (original.closing.reason, original.closing.by) == ("declined", "miller")


def test_a_snooze_in_between_stays_with_the_survivors_own_recall(clinic: Clinic) -> None:
    one, two = clinic.arrive(1, CALM), clinic.arrive(2)
    clinic.merge(one, two)
    until = (NOW + timedelta(days=40)).date()
    clinic.do(snooze(clinic.live(two), by="miller", now=clinic.clock.now(), until=until))
    clinic.unmerge(one)
    clinic.compute_stale()
    assert clinic.live(two).snoozed_until == until


def test_the_survivors_open_recall_takes_over_an_owner_and_the_earlier_date_and_gives_them_back(
    clinic: Clinic,
) -> None:
    one, two = clinic.arrive(1), clinic.arrive(2)
    clinic.do(assign(clinic.live(one), "zhao", by="zhao", now=NOW))
    sooner = NOW.date() + timedelta(days=3)
    with clinic.engine.begin() as connection:
        table = tables.recall
        connection.execute(table.update().where(table.c.patient_id == one).values(due_from=NOW.date(), due_at=sooner))
    before = clinic.live(two)
    clinic.merge(one, two)
    assert (clinic.live(two).id, clinic.live(two).owner, clinic.live(two).due_at) == (before.id, "zhao", sooner)
    clinic.unmerge(one)
    assert (clinic.live(two).owner, clinic.live(two).due_at) == (None, before.due_at)


def due_now(clinic: Clinic, whose: str) -> None:
    with clinic.engine.begin() as connection:
        table = tables.recall
        connection.execute(table.update().where(table.c.patient_id == whose).values(due_from=NOW.date()))


def test_a_waiting_reminder_of_a_merged_record_waits_and_leaves_once_it_is_undone(clinic: Clinic) -> None:
    one, two = clinic.arrive(1), clinic.arrive(2, CALM)
    due_now(clinic, one)
    remind.remind_once(clinic.alerts, [ZHAO], ["inbox"], clinic.clock, POLICY)
    clinic.merge(one, two)
    assert clinic.beat() == 1, "the survivor's own recall reminds, for the first one never left"
    assert {letter.patient_id for letter in clinic.alerts.inbox(["zhao"], 9)} == {two}
    clinic.unmerge(one)
    clinic.wait()
    assert clinic.beat() == 1
    assert {letter.patient_id for letter in clinic.alerts.inbox(["zhao"], 9)} == {one, two}
    assert clinic.beat() == 0


def test_a_reminder_that_a_worker_holds_does_not_leave_after_the_merge(clinic: Clinic) -> None:
    one, two = clinic.arrive(1), clinic.arrive(2, CALM)
    due_now(clinic, one)
    remind.remind_once(clinic.alerts, [ZHAO], ["inbox"], clinic.clock, POLICY)
    (held,) = clinic.alerts.claim(clinic.clock.now(), timedelta(minutes=5), 1)
    clinic.merge(one, two)
    assert not clinic.alerts.hand_over(held, clinic.clock.now(), timedelta(minutes=5))
    clinic.unmerge(one)
    assert [each.id for each in clinic.alerts.claim(clinic.clock.now(), timedelta(minutes=5), 9)] == [held.id]


def test_a_reminder_told_before_the_merge_is_not_told_again_for_the_survivor(clinic: Clinic) -> None:
    one, two = clinic.arrive(1), clinic.arrive(2, CALM)
    due_now(clinic, one)
    assert clinic.beat() == 1
    clinic.merge(one, two)
    assert clinic.beat() == 0


def test_links_chain_and_part_in_any_order(clinic: Clinic) -> None:
    one, two, three = clinic.arrive(1), clinic.arrive(2, CALM), clinic.arrive(3, CALM)
    before = clinic.state(one, two, three)
    clinic.merge(one, two)
    clinic.compute_stale()
    clinic.merge(two, three)
    clinic.compute_stale()
    assert clinic.listed() == [three]
    with clinic.engine.connect() as connection:
        assert links.survivor_of(connection, [one, two, three]) == {one: three, two: three, three: three}
        assert links.members_of(connection, three) == (three, one, two)
        assert links.members_of(connection, two) == (two, one)
    clinic.unmerge(one)
    clinic.wait()
    clinic.compute_stale()
    assert clinic.listed() == [one]
    clinic.unmerge(two)
    clinic.compute_stale()
    clinic.clock.time = NOW
    clinic.compute(one, two, three)
    assert clinic.state(one, two, three) == before


def test_one_of_two_merged_records_leaves_and_the_other_stays_carried(clinic: Clinic) -> None:
    one, two, three = clinic.arrive(1), clinic.arrive(2), clinic.arrive(3, CALM)
    clinic.do(assign(clinic.live(two), "zhao", by="zhao", now=NOW))
    before = clinic.state(one, two, three)
    clinic.merge(one, three)
    clinic.compute_stale()
    clinic.merge(two, three)
    clinic.compute_stale()
    assert clinic.listed() == [three]
    clinic.unmerge(one)
    clinic.wait()
    clinic.compute_stale()
    assert sorted(clinic.listed()) == sorted([one, three])
    assert clinic.live(three).owner == "zhao"
    clinic.unmerge(two)
    clinic.compute_stale()
    clinic.clock.time = NOW
    clinic.compute(one, two, three)
    assert clinic.state(one, two, three) == before


def test_a_link_with_itself_in_a_circle_twice_or_without_a_reason_is_refused(clinic: Clinic) -> None:
    one, two, three = clinic.arrive(1, CALM), clinic.arrive(2, CALM), clinic.arrive(3, CALM)
    clinic.merge(one, two)
    told = {"reason": "r", "actor": "a", "now": NOW}
    nobody = "00000000-0000-4000-8000-000000000000"
    refused = ((two, two, "itself"), (two, one, "linked into this one"), (one, three, "already"), (two, nobody, "id"))
    for retired, into, why in refused:
        with pytest.raises(CannotLink, match=why):
            merge.merge(clinic.engine, retired, into, **told)
    with pytest.raises(CannotLink, match="reason"):
        merge.merge(clinic.engine, two, three, reason=" ", actor="a", now=NOW)
    with pytest.raises(CannotLink, match="not linked"):
        merge.unmerge(clinic.engine, two, **told)


def test_both_records_have_it_in_their_audit(clinic: Clinic) -> None:
    one, two = clinic.arrive(1, CALM), clinic.arrive(2, CALM)
    clinic.merge(one, two)
    clinic.unmerge(one)
    with clinic.engine.connect() as connection:
        audit = tables.audit_event
        rows = connection.execute(
            select(audit.c.action, audit.c.patient_id, audit.c.actor).where(audit.c.action.like("patient.%"))
        )
        assert sorted(tuple(row) for row in rows) == sorted(
            (action, whose, "user:zhao") for action in ("patient.link", "patient.unlink") for whose in (one, two)
        )


@pytest.mark.parametrize("act", ["merge", "unmerge"])
def test_a_merge_that_dies_anywhere_has_not_happened(clinic: Clinic, act: str) -> None:
    one, two = clinic.arrive(1), clinic.arrive(2)
    told = {"reason": "r", "actor": "a", "now": NOW + timedelta(hours=1)}
    if act == "unmerge":
        merge.merge(clinic.engine, one, two, **told)

    class Died(Exception):
        pass

    def everything() -> dict[str, list[Any]]:
        names = ("patient_link", "recall", "recall_event", "outbox", "twin", "match_review", "audit_event")
        with clinic.engine.connect() as connection:
            return {
                name: [row[0] for row in connection.execute(text(f"select to_jsonb(t) from {name} t order by 1::text"))]
                for name in names
            }

    before, survived, step = everything(), False, 0
    while not survived:
        step, seen = step + 1, 0

        def die(*_: object) -> None:
            nonlocal seen
            seen += 1
            if seen == step:  # noqa: B023  # called within the same turn
                raise Died

        event.listen(clinic.engine, "before_cursor_execute", die)
        try:
            if act == "merge":
                merge.merge(clinic.engine, one, two, **told)
            else:
                merge.unmerge(clinic.engine, one, **told)
            survived = True
        except Died:
            pass
        finally:
            event.remove(clinic.engine, "before_cursor_execute", die)
        if not survived:
            assert everything() == before, f"statement {step}"
    assert step > 10 and everything() != before


def test_a_pair_is_decided_once(clinic: Clinic) -> None:
    one, two = clinic.arrive(1, CALM), clinic.arrive(2, CALM)
    with clinic.engine.connect() as connection:
        known = people.get_patient(connection, two)
    draft = PatientDraft(name=known.name, sex=known.sex, birth_date=date(1962, 5, 4), identifiers=())
    with clinic.engine.begin() as connection:
        connection.execute(text("truncate match_review"))
        connection.execute(text("update patient set birth_date = '1962-05-04'"))
        assert matching.note_candidates(connection, two, draft, NOW) == 1
        assert matching.note_candidates(connection, one, draft, NOW) == 0, "the pair stands there already"
        (pair,) = matching.reviews(connection, size=9)
    assert (pair.grade, pair.candidate_id) == ("certain", one)
    told = {"actor": "user:zhao", "now": NOW}
    merge.decide_review(clinic.engine, pair.id, is_same=True, reason="seen both", **told)
    with pytest.raises(matching.AlreadyDecided):
        merge.decide_review(clinic.engine, pair.id, is_same=False, reason="no", **told)
    with clinic.engine.connect() as connection:
        assert links.survivor_of(connection, [two]) == {two: one}
        assert matching.reviews(connection, size=9) == []
