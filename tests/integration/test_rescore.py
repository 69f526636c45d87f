"""What new data do to a patient's twin and recalls: opened, updated, withdrawn, stopped, closed, reopened."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from alerts.recall import Recall
from tests.builders import bundle, lab, patient
from twin import intake, rescore
from twin.importers.report import Report
from twin.settings import Settings
from twin.store import forecasts, ledger, people
from twin.store.alerts import PostgresAlerts

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
RISING = (5.6, 5.8, 6.1, 6.4, 6.7, 6.9)


class Clinic:
    """One patient, and what happens to the record."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine, self.settings = engine, settings
        self.alerts = PostgresAlerts(engine)
        self.send(patient(), *[self.hba1c(f"h{n}", value, NOW - timedelta(days=365 * (5 - n) + 5)) for n, value in
                               enumerate(RISING)], now=NOW)  # fmt: skip

    @staticmethod
    def hba1c(key: str, value: float, at: datetime, **more: object) -> dict[str, object]:
        return lab(key, "4548-4", value, "%", at.isoformat(), **more)

    def send(self, *resources: dict[str, object], now: datetime) -> Report:
        return intake.take_bundle(self.engine, bundle(*resources), source="h", actor="t", atomic=True, now=now)

    def compute(self, now: datetime) -> rescore.Rescored:
        return rescore.rescore(self.engine, self.alerts, self.settings, self.whose, now=now)

    @property
    def whose(self) -> str:
        with self.engine.connect() as connection:
            return people.find_patient(connection, "1")

    @property
    def recall(self) -> Recall:
        (found,) = self.alerts.latest([self.whose]).values()
        return found


@pytest.fixture
def clinic(engine: Engine, settings: Settings) -> Clinic:
    return Clinic(engine, settings)


def test_a_passed_line_opens_one_recall_and_computing_again_none(clinic: Clinic) -> None:
    assert clinic.compute(NOW).opened == 1
    assert clinic.compute(NOW + timedelta(hours=1)) == rescore.Rescored()
    assert (clinic.recall.rule_id, clinic.recall.state) == ("DM-CONFIRM", "open")
    assert clinic.recall.reason["en"].startswith("HbA1c is 6.9 %")
    assert "糖化血红蛋白" in clinic.recall.reason["zh_CN"]


def test_the_twin_is_stored_and_fresh_unless_data_came_meanwhile(clinic: Clinic) -> None:
    clinic.compute(NOW)
    with clinic.engine.connect() as connection:
        assert forecasts.count_stale(connection) == 0
        body, organs = connection.execute(
            text("select t.body, array_agg(f.organ order by f.organ) from twin t join forecast f using (patient_id)"
                 " group by t.patient_id")
        ).one()  # fmt: skip
    assert "organs" not in body
    assert organs == ["kidney", "liver", "lung", "pancreas", "vascular"]
    clinic.send(clinic.hba1c("h8", 6.0, NOW), now=NOW)
    with clinic.engine.connect() as connection:
        assert forecasts.count_stale(connection) == 1


def test_the_matching_result_closes_the_recall(clinic: Clinic) -> None:
    clinic.compute(NOW)
    clinic.send(clinic.hba1c("h9", 6.0, NOW + timedelta(days=3)), now=NOW + timedelta(days=3))
    assert clinic.compute(NOW + timedelta(days=3)).closed == 1
    assert (clinic.recall.state, clinic.recall.closing and clinic.recall.closing.action) == (
        "closed",
        "closed_by_result",
    )


def test_a_preliminary_result_closes_nothing(clinic: Clinic) -> None:
    clinic.compute(NOW)
    early = clinic.hba1c("h9", 6.0, NOW + timedelta(days=3), status="preliminary")
    clinic.send(early, now=NOW + timedelta(days=3))
    clinic.compute(NOW + timedelta(days=3))
    assert clinic.recall.state == "open"


def test_a_result_entered_in_error_reopens_what_it_closed(clinic: Clinic) -> None:
    clinic.compute(NOW)
    later = NOW + timedelta(days=3)
    clinic.send(clinic.hba1c("h9", 6.0, later), now=later)
    clinic.compute(later)
    clinic.send(clinic.hba1c("h9", 6.0, later, status="entered-in-error"), now=later + timedelta(days=1))
    clinic.compute(later + timedelta(days=1))
    assert clinic.recall.state == "open"
    assert [event.action for event in clinic.alerts.events(clinic.recall.id)][-1] == "reopened"


def test_a_corrected_result_that_still_counts_keeps_the_recall_closed(clinic: Clinic) -> None:
    clinic.compute(NOW)
    later = NOW + timedelta(days=3)
    clinic.send(clinic.hba1c("h9", 6.0, later), now=later)
    clinic.compute(later)
    clinic.send(clinic.hba1c("h9", 6.1, later, status="corrected"), now=later + timedelta(days=1))
    clinic.compute(later + timedelta(days=1))
    assert clinic.recall.state == "closed"


def test_evidence_that_was_corrected_withdraws_the_recall(clinic: Clinic) -> None:
    clinic.compute(NOW)
    cures = [clinic.hba1c(f"h{n}", 5.4, NOW - timedelta(days=365 * (5 - n) + 5), status="corrected") for n in (3, 4, 5)]
    clinic.send(*cures, now=NOW + timedelta(days=1))
    clinic.compute(NOW + timedelta(days=1))
    assert clinic.recall.state == "stopped"
    assert clinic.recall.closing is not None
    assert clinic.recall.closing.reason == "evidence_corrected"


def test_death_stops_every_recall_at_once(clinic: Clinic) -> None:
    clinic.compute(NOW)
    clinic.send(patient(deceasedDateTime=(NOW + timedelta(days=1)).isoformat()), now=NOW + timedelta(days=2))
    clinic.compute(NOW + timedelta(days=2))
    assert clinic.recall.state == "stopped"
    assert clinic.recall.closing is not None
    assert clinic.recall.closing.reason == "died"
    assert clinic.compute(NOW + timedelta(days=3)) == rescore.Rescored()


def test_a_view_of_a_past_day_shows_what_was_known_then_and_touches_no_recall(clinic: Clinic) -> None:
    then = NOW - timedelta(days=3 * 365)
    with clinic.engine.begin() as connection:
        connection.execute(
            text("insert into twin_view (patient_id, as_of) values (:whose, :then)"),
            {"whose": clinic.whose, "then": then},
        )
    rescore.view(clinic.engine, clinic.settings, clinic.whose, then, now=NOW)
    with clinic.engine.connect() as connection:
        body = connection.execute(text("select body from twin_view")).scalar_one()
    (pancreas,) = [organ for organ in body["organs"] if organ["key"] == "pancreas"]
    (series,) = [signal for signal in pancreas["signals"] if signal["key"] == "hba1c"]
    assert [point["value"] for point in series["points"]] == [5.6, 5.8, 6.1]
    assert not clinic.alerts.live(clinic.whose)


def test_the_report_of_a_correction_names_the_recalls_on_the_old_value_and_how_they_end(clinic: Clinic) -> None:
    clinic.compute(NOW)
    later = NOW + timedelta(days=1)
    assert clinic.send(clinic.hba1c("new", 6.8, NOW), now=NOW).recalls == ()
    corrected = [clinic.hba1c(f"h{n}", 5.2, NOW - timedelta(days=365 * (5 - n) + 5)) for n in range(len(RISING))]
    report = clinic.send(*corrected, clinic.hba1c("new", 5.3, NOW), now=later)
    assert report.recalls == (clinic.recall.id,)
    with clinic.engine.connect() as connection:
        (before,) = ledger.recall_states(connection, report.recalls)
    assert (before["state"], before["is_judged"]) == ("open", False)
    clinic.compute(later)
    with clinic.engine.connect() as connection:
        (after,) = ledger.recall_states(connection, report.recalls)
    assert (after["state"], after["is_judged"]) == ("withdrawn", True)
