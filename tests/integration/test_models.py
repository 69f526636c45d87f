"""Models in an instance: taken in, put to use, rolled back, watched and recalibrated on what became of patients."""

import json
import math
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine, select, text, update
from typer.testing import CliRunner, Result

from tests.builders import bundle, lab, patient
from tests.unit.forecast.test_card import DESCRIBED, run
from tests.web_serving import serving
from twin import intake, merge
from twin.cli import app
from twin.errors import UnreadableInput
from twin.forecast import calibrate
from twin.forecast.card.build import build
from twin.forecast.card.run import Endpoint, Run
from twin.forecast.evaluate.rows import Predictions
from twin.forecast.model_file import DamagedModel, ModelFile, save, to_bytes, versioned
from twin.models import files, local, recalibrating, watching
from twin.models.files import BadCard
from twin.models.shelf import Shelf
from twin.settings import Settings
from twin.settings import settings as told_settings
from twin.store import models, people, predictions
from twin.store.accounts import create_user
from twin.store.models import CannotServe, Registered, UnknownModel
from twin.store.predictions import Said
from twin.store.tables import audit_event, fact, outbox
from twin.store.tables import model as model_table

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SLOT = "liver.cirrhosis"
LIVER = replace(
    DESCRIBED,
    title="Cirrhosis in fatty liver",
    slot=SLOT,
    endpoint=Endpoint(label="cirrhosis", concepts=("chronic_liver_disease",)),
    competing=Endpoint(label="death", is_death=True),
)


@cache
def simulated() -> Run:
    """A run whose risks have one horizon, two years, and lie as those of `clinic` do."""
    made = run(people=900, seed=6)
    return replace(made, predictions=made.predictions.take(made.predictions.horizon == 2.0))


@cache
def model(number: int = 1, slot: str = SLOT) -> ModelFile:
    card = build(replace(LIVER, slot=slot), simulated(), repeats=20)
    return versioned(
        kind="hazards",
        spec={"number": number},
        card=card,
        arrays={"weights": np.ones(number)},
        made_on=date(2026, 1, 1),
    )


def take(engine: Engine, made: ModelFile) -> Registered:
    with engine.begin() as connection:
        return files.take(connection, to_bytes(made), actor="test", now=NOW)


def activate(engine: Engine, version: str) -> Registered:
    with engine.begin() as connection:
        return models.activate(connection, version, actor="test", now=NOW)


def states(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        return {each.version: each.state for each in models.listed(connection)}


def clinic(engine: Engine, model_id: int, *, factor: float, count: int = 160) -> list[str]:
    """Patients seen for four years, and what the model said of them in the first month: risks too low by `factor`."""
    chance = random.Random(12)
    start = NOW - timedelta(days=4 * 365.25)
    resources, risks = [], []
    for number in range(count):
        key, risk = f"p{number}", 1 / (1 + math.exp(-chance.gauss(-1.6, 1.0)))
        risks.append(risk)
        true = factor * risk / (1 - risk + factor * risk)
        dies = chance.random() < 0.05
        more = {"deceasedDateTime": day(start, chance.uniform(1.0, 1.9))} if dies else {}
        person = patient(key, mrn=f"m{number}", birth=f"19{40 + number % 40}-01-{1 + number % 28:02}", **more)
        person["name"] = [{"family": f"Prüfung{number}"}]  # of one name all would be compared with all
        resources.append(person)
        if not dies:
            resources.append(lab(f"n{number}", "2160-0", 1.0, "mg/dL", day(start, 3.9), subject=f"Patient/{key}"))
        if chance.random() < true:
            resources.append(cirrhosis(key, day(start, chance.uniform(0.05, 0.95))))
    intake.take_bundle(engine, bundle(*resources), source="h", actor="t", atomic=True, now=NOW)
    with engine.begin() as connection:
        ids = [people.find_patient(connection, f"m{number}") for number in range(count)]
        said = [
            Said(
                patient_id=patient_id, organ="liver", model_id=model_id, landmark=start + timedelta(days=10),
                horizon=2.0, risk=risk, low=None, high=None, inputs={"alt": 30.0 + number % 20}, is_shadow=False,
            )
            for number, (patient_id, risk) in enumerate(zip(ids, risks, strict=True))
        ]  # fmt: skip
        assert predictions.save(connection, said) == count
    return ids


def cirrhosis(key: str, at: str) -> dict[str, object]:
    coding = {"system": "http://hl7.org/fhir/sid/icd-10", "code": "K74.6"}
    return {
        "resourceType": "Condition", "id": f"c{key}", "subject": {"reference": f"Patient/{key}"},
        "code": {"coding": [coding]}, "onsetDateTime": at, "recordedDate": at,
    }  # fmt: skip


def day(start: datetime, years: float) -> str:
    return (start + timedelta(days=years * 365.25)).isoformat()


def test_a_model_is_kept_once_and_nothing_uses_it_yet(engine: Engine) -> None:
    first, again = take(engine, model()), take(engine, model())
    assert first == again
    assert (first.state, first.slot, first.organ, first.version) == ("stored", SLOT, "liver", model().version)
    with engine.connect() as connection:
        assert Shelf().in_use(connection) == ()
        assert files.verified(connection, first).spec == {"number": 1}
        assert [each.action for each in models.events(connection, first.id)] == ["imported"]
        said = connection.execute(select(audit_event.c.action, audit_event.c.resource)).all()
    assert [tuple(row) for row in said] == [("model.imported", f"model/{first.id}")]


@pytest.mark.parametrize("change", [{"slot": None}, {"serves": {"min_age": 3}}, {"validation": {}}, {"risks": [{}]}])
def test_a_card_that_can_not_be_used_is_refused(engine: Engine, change: dict[str, object]) -> None:
    bad = versioned(kind="hazards", spec={}, card=model().card | change, arrays={}, made_on=date(2026, 1, 1))
    with pytest.raises(BadCard):
        take(engine, bad)
    assert states(engine) == {}


def test_of_one_slot_one_model_is_active_and_the_one_before_can_be_had_back(engine: Engine) -> None:
    one, two, three = (take(engine, model(number)).version for number in (1, 2, 3))
    other = take(engine, model(1, "kidney.failure")).version
    for version in (other, one, two, three):
        activate(engine, version)
    assert states(engine) == {one: "retired", two: "retired", three: "active", other: "active"}
    for expected in (two, one):
        with engine.begin() as connection:
            assert models.roll_back(connection, SLOT, actor="test", now=NOW).version == expected
    assert states(engine) == {one: "active", two: "retired", three: "retired", other: "active"}
    with engine.begin() as connection, pytest.raises(UnknownModel):
        models.roll_back(connection, SLOT, actor="test", now=NOW)
    with engine.connect() as connection:
        (found,) = (each for each in models.listed(connection) if each.version == one)
        told = [(each.action, each.detail.get("for") or each.detail.get("from")) for each in
                models.events(connection, found.id)]  # fmt: skip
    assert told == [("rolled_back", two), ("retired", two), ("activated", None), ("imported", None)]


def test_two_models_can_not_be_active_in_one_slot_whatever_happens(engine: Engine) -> None:
    one, two = take(engine, model(1)), take(engine, model(2))
    with pytest.raises(Exception, match="uq_model_active"), engine.begin() as connection:
        connection.execute(update(model_table).where(model_table.c.id.in_((one.id, two.id))).values(state="active"))


def test_a_model_that_names_no_population_is_not_activated(engine: Engine) -> None:
    card = build(replace(LIVER, serves={}), simulated(), repeats=2)
    research = versioned(kind="hazards", spec={}, card=card, arrays={}, made_on=date(2026, 1, 1))
    with pytest.raises(CannotServe, match="population"):
        activate(engine, take(engine, research).version)


def test_a_shadow_predicts_beside_the_active_model_and_the_dead_is_named(engine: Engine) -> None:
    one, two = take(engine, model(1)).version, take(engine, model(2)).version
    activate(engine, one)
    shelf = Shelf()
    with engine.begin() as connection:
        before = models.in_use_version(connection)
        models.shadow(connection, two, actor="test", now=NOW)
        assert models.in_use_version(connection) != before
        assert [(each.registered.version, each.is_shadow) for each in shelf.in_use(connection)] == [
            (one, False), (two, True),
        ]  # fmt: skip
        with pytest.raises(CannotServe):
            models.shadow(connection, one, actor="test", now=NOW)
        models.retire(connection, two, actor="test", now=NOW)
        assert [each.registered.version for each in shelf.in_use(connection)] == [one]
        assert len(shelf.files) == 1


def test_a_model_that_was_changed_behind_our_back_does_not_predict(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    kept = take(engine, model())
    activate(engine, kept.version)
    with engine.begin() as connection:
        changed = text("update model set content = set_byte(content, 900, 255 - get_byte(content, 900))")
        connection.execute(changed)
    with engine.connect() as connection:
        with pytest.raises(DamagedModel):
            files.verified(connection, kept)
        assert Shelf().in_use(connection) == ()
    assert kept.version in caplog.text


def test_the_first_thing_said_in_a_month_stays(engine: Engine) -> None:
    kept = take(engine, model())
    intake.take_bundle(engine, bundle(patient()), source="h", actor="t", atomic=True, now=NOW)
    with engine.begin() as connection:
        said = Said(
            patient_id=people.find_patient(connection, "1"), organ="liver", model_id=kept.id, landmark=NOW,
            horizon=2.0, risk=0.2, low=0.1, high=0.3, inputs={"alt": None}, is_shadow=False,
        )  # fmt: skip
        assert predictions.save(connection, [said]) == 1
        assert predictions.save(connection, [replace(said, risk=0.9, landmark=NOW + timedelta(days=1))]) == 0
        assert predictions.save(connection, [replace(said, risk=0.4, landmark=NOW + timedelta(days=20))]) == 1
        assert [each.risk for each in predictions.said_by(connection, kept.id)] == [0.2, 0.4]


def test_of_very_many_predictions_those_of_a_sample_of_patients_are_judged(engine: Engine) -> None:
    kept = take(engine, model())
    clinic(engine, kept.id, factor=1.0, count=40)
    with engine.connect() as connection:
        some = predictions.said_by(connection, kept.id, most=10)
        assert 0 < len(some) < 30
        assert some == predictions.said_by(connection, kept.id, most=10)
        assert len(predictions.said_by(connection, kept.id, horizon=2.0)) == 40
        assert predictions.said_by(connection, kept.id, horizon=5.0) == []


def test_what_became_of_patients_is_read_from_the_record(engine: Engine) -> None:
    kept = take(engine, model())
    ids = clinic(engine, kept.id, factor=1.0, count=40)
    with engine.connect() as connection:
        found = local.judgeable(connection, kept, within=timedelta(days=1_000), now=NOW)
        sick = set(connection.execute(select(fact.c.patient_id).where(fact.c.signal == "cirrhosis")).scalars())
        dead = set(connection.execute(select(fact.c.patient_id).where(fact.c.kind == "death")).scalars())
        none = local.judgeable(connection, kept, within=timedelta(days=300), now=NOW)
    told = dict(zip(found.outcomes.patient.tolist(), found.outcomes.status.tolist(), strict=True))
    assert set(told) == set(ids) and sick and dead - sick
    assert {each for each, status in told.items() if status == 1} == sick
    assert {each for each, status in told.items() if status == 2} == dead - sick
    assert found.left_out == 0
    assert len(none.predictions) == 0  # they came due longer ago


def test_who_had_it_before_or_was_never_seen_again_says_nothing(engine: Engine) -> None:
    kept = take(engine, model())
    start = NOW - timedelta(days=4 * 365.25)
    resources = [patient(key, mrn=key) for key in ("before", "gone", "stays")]
    resources += [cirrhosis("before", day(start, -1)), lab("a", "2160-0", 1, "mg/dL", day(start, -0.1))]
    for key, years in (("before", 3.0), ("gone", -0.5), ("stays", 3.0)):
        resources.append(lab(f"l{key}", "2160-0", 1.0, "mg/dL", day(start, years), subject=f"Patient/{key}"))
    resources.append(patient())
    intake.take_bundle(engine, bundle(*resources), source="h", actor="t", atomic=True, now=NOW)
    with engine.begin() as connection:
        ids = {key: people.find_patient(connection, key) for key in ("before", "gone", "stays")}
        predictions.save(
            connection,
            [
                Said(
                    patient_id=each, organ="liver", model_id=kept.id, landmark=start, horizon=2.0, risk=0.1,
                    low=None, high=None, inputs={}, is_shadow=False,
                )
                for each in ids.values()
            ],
        )  # fmt: skip
        found = local.judgeable(connection, kept, within=timedelta(days=1_000), now=NOW)
    assert found.predictions.patient.tolist() == [ids["stays"]]
    assert found.left_out == 2


def test_the_facts_of_a_merged_record_count_for_the_one_it_is_read_as(engine: Engine) -> None:
    kept = take(engine, model())
    ids = clinic(engine, kept.id, factor=1.0, count=30)
    with engine.connect() as connection:
        sick = set(connection.execute(select(fact.c.patient_id).where(fact.c.signal == "cirrhosis")).scalars())
    healthy = next(each for each in ids if each not in sick)
    other = min(sick)
    with engine.begin() as connection:
        merge.merge_in(connection, other, healthy, reason="same person", actor="test", now=NOW)
        found = predictions.courses(connection, [healthy], event=(["cirrhosis"], False), competing=((), True), now=NOW)
    assert found[healthy].event_at is not None


def test_a_model_whose_risks_came_true_is_not_reported(engine: Engine) -> None:
    kept = take(engine, model())
    activate(engine, kept.version)
    clinic(engine, kept.id, factor=1.0)
    assert watching.watch_once(engine, ("inbox",), now=NOW)[kept.version] != "drifted"
    with engine.connect() as connection:
        assert connection.execute(select(outbox.c.id)).all() == []


def test_administrators_are_told_once_a_month_of_a_model_that_drifted(engine: Engine) -> None:
    with engine.begin() as connection:
        for name, role in (("ada", "admin"), ("carl", "clinician")):
            create_user(connection, username=name, password="correct horse battery", display_name=name, role=role)  # type: ignore[arg-type]
    kept = take(engine, model())
    activate(engine, kept.version)
    clinic(engine, kept.id, factor=4.0)
    assert watching.watch_once(engine, ("inbox",), now=NOW) == {kept.version: "drifted"}
    assert watching.watch_once(engine, ("inbox",), now=NOW + timedelta(hours=1)) == {}
    assert watching.watch_once(engine, ("inbox",), now=NOW + timedelta(days=1)) == {kept.version: "drifted"}
    with engine.connect() as connection:
        rows = connection.execute(select(outbox.c.recipient, outbox.c.payload)).all()
        latest = models.latest_drift(connection)[kept.id].detail
    assert [row.recipient for row in rows] == ["ada"]
    content = rows[0].payload["content"]
    assert "Cirrhosis in fatty liver" in content["title"]
    assert "Observed against expected" in content["body"] and kept.version in content["body"]
    assert latest["verdict"] == "drifted"
    assert latest["calibration"][0]["observed_expected"]["low"] > 1


def test_a_recalibrated_model_takes_over_and_its_lines_are_served(engine: Engine) -> None:
    kept = take(engine, model())
    activate(engine, kept.version)
    clinic(engine, kept.id, factor=4.0)
    with engine.begin() as connection:
        done = recalibrating.recalibrate_here(connection, kept.version, actor="test", now=NOW)
    assert states(engine) == {kept.version: "retired", done.made.version: "active"}
    told = done.made.card["recalibration"]
    assert told["before"]["observed_expected"]["value"] > 1.4
    assert told["after"]["brier"]["value"] < told["before"]["brier"]["value"]
    with engine.connect() as connection:
        (used,) = Shelf().in_use(connection)
        assert [each.action for each in models.events(connection, done.made.id)] == ["activated", "recalibrated"]
    served = calibrate.apply(used.lines, np.array([0.1, 0.3]), np.array([2.0, 2.0]))
    assert (served > [0.2, 0.5]).all()
    with engine.begin() as connection:
        assert models.roll_back(connection, SLOT, actor="test", now=NOW).version == kept.version


def test_too_little_local_data_changes_nothing(engine: Engine) -> None:
    kept = take(engine, model())
    activate(engine, kept.version)
    with pytest.raises(ValueError, match=r"predictions|patients|nowhere"), engine.begin() as connection:
        recalibrating.recalibrate_here(connection, kept.version, actor="test", now=NOW)
    assert states(engine) == {kept.version: "active"}


@pytest.fixture
def shell(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    """The command line on the test database."""
    monkeypatch.setenv("DATABASE_URL", str(settings.database_url))
    monkeypatch.setenv("TWIN_HOME", str(settings.home_path))
    told_settings.cache_clear()
    yield CliRunner()
    told_settings.cache_clear()


def ask(shell: CliRunner, *words: object, code: int = 0) -> Result:
    result = shell.invoke(app, ["model", *map(str, words)])
    assert result.exit_code == code, result.output
    return result


def test_a_model_goes_its_way_by_the_command_line(engine: Engine, shell: CliRunner, tmp_path: Path) -> None:
    paths = []
    for number in (1, 2):
        paths.append(tmp_path / f"{number}.model")
        save(model(number), paths[-1])
        ask(shell, "import", paths[-1])
    one, two = model(1).version, model(2).version
    ask(shell, "verify", one)
    ask(shell, "verify", paths[0])
    ask(shell, "activate", one)
    ask(shell, "shadow", two)
    ask(shell, "activate", two)
    assert "active again" in ask(shell, "rollback", SLOT).output
    ask(shell, "retire", one)
    listed = json.loads(ask(shell, "list", "--json").output)
    assert {each["version"]: each["state"] for each in listed} == {one: "retired", two: "retired"}
    assert "TRIPOD" in ask(shell, "card", one).output
    assert ask(shell, "card", one).output == ask(shell, "card", paths[0]).output
    ask(shell, "card", two, "--html", tmp_path / "card.html")
    assert (tmp_path / "card.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "too_few" in ask(shell, "drift", two).output
    ask(shell, "verify", "2020.01.01-000000000000", code=2)
    ask(shell, "rollback", "nothing", code=2)
    paths[0].write_bytes(paths[0].read_bytes()[:-40])
    ask(shell, "verify", paths[0], code=2)
    ask(shell, "import", paths[0], code=2)


def test_a_model_is_recalibrated_on_tables(engine: Engine, shell: CliRunner, tmp_path: Path) -> None:
    activate(engine, take(engine, model()).version)
    made = simulated()
    odds = made.predictions.risk / (1 - made.predictions.risk) / 2
    said = Predictions(
        patient=made.predictions.patient, landmark=made.predictions.landmark, horizon=made.predictions.horizon,
        risk=odds / (1 + odds),
    )  # fmt: skip
    pd.DataFrame(
        {"patient_id": said.patient, "landmark_time": said.landmark, "horizon": said.horizon, "risk": said.risk}
    ).to_csv(tmp_path / "risk.csv", index=False)
    outcomes = made.outcomes
    pd.DataFrame({"patient_id": outcomes.patient, "time": outcomes.time, "status": outcomes.status}).to_csv(
        tmp_path / "outcomes.csv", index=False
    )
    tables = ("--predictions", tmp_path / "risk.csv", "--outcomes", tmp_path / "outcomes.csv")
    stored = json.loads(ask(shell, "recalibrate", model().version, *tables, "--store-only", "--json").output)
    assert stored["state"] == "stored"
    assert stored["after"]["observed_expected"]["value"] == pytest.approx(1, abs=0.05)
    assert "is active" in ask(shell, "recalibrate", model().version, *tables).output
    ask(shell, "recalibrate", model().version, "--predictions", tmp_path / "risk.csv", code=2)
    (tmp_path / "risk.csv").write_text("patient_id,risk\n1,0.5\n")
    assert (
        "risk.csv has no column 'landmark_time'" in ask(shell, "recalibrate", model().version, *tables, code=2).output
    )
    (tmp_path / "risk.csv").write_text("patient_id,landmark_time,horizon,risk\n1,0,2,Smith\n")
    said_of_it = ask(shell, "recalibrate", model().version, *tables, code=2).output
    assert "risk.csv" in said_of_it and "no number" in said_of_it and "Smith" not in said_of_it
    ask(shell, "recalibrate", model().version, code=2)  # the instance has kept nothing of this version


def test_the_pages_say_which_models_predict_and_show_their_cards(engine: Engine, settings: Settings) -> None:
    kept = take(engine, model())
    activate(engine, kept.version)
    with engine.begin() as connection:
        watching.look(connection, kept, (), now=NOW)
    with serving(engine, settings, NOW) as site:
        admin = site.person("admin").get("/admin").text
        page = site.person("clinician").get(f"/models/{kept.version}")
        assert site.person("admin").get("/models/2020.01.01-0").status_code == 404
    assert kept.version in admin and "Cirrhosis in fatty liver" in admin
    assert "predicts" in admin and "too few to say" in admin
    assert page.status_code == 200
    assert page.text.count("<svg") == 1 and "TRIPOD" in page.text and "put to use" in page.text
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)", page.text)


def test_a_file_that_is_no_model_is_refused(engine: Engine) -> None:
    with pytest.raises(UnreadableInput), engine.begin() as connection:
        files.take(connection, b"PK not really", actor="test", now=NOW)
