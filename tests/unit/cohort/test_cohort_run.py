"""Fit, predict and replay on a drawn cohort whose truth is known."""

import json
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.unit.cohort.drawn_cohort import draw, tasks
from twin.cli import app
from twin.cohort import fitted, fitting, predicting, spec, tables
from twin.cohort.errors import CannotPredict
from twin.cohort.known import looks
from twin.cohort.thresholds import COLUMNS, predict_thresholds
from twin.forecast.calibrate import Recalibration
from twin.forecast.evaluate.measures import evaluate
from twin.forecast.evaluate.rows import outcomes_of, predictions_of
from twin.forecast.history import NUMBER_SUMMARIES, STATE_SUMMARIES


def test_summaries_that_repeat_others_are_told_by_their_name_only() -> None:
    names = ["marker: highest", "marker: newest", "marker: level", "marker: doubt", "seen: visits", "count", "spread"]
    assert looks(names).apart == {"marker: highest", "marker: doubt"}
    made = {*NUMBER_SUMMARIES, *STATE_SUMMARIES, "level", "drift", "doubt"}
    assert len(looks(f"marker: {each}" for each in made).apart) == 8  # none of them is a summary no more


def test_the_nets_look_at_the_record_and_not_at_the_trajectory() -> None:
    names = ["marker: highest", "marker: newest", "marker: step", "marker: level", "seen: visits", "count", "age"]
    assert "grade: noted" not in looks(["grade: noted"]).summed and looks(["grade: noted"]).nets[0] == {"grade: noted"}
    looked = looks(names)
    assert looked.summed == set(names) - {"marker: step"}
    assert looked.nets[0] == {"marker: newest", "marker: step", "seen: visits", "count", "age"}
    assert looked.nets[1] == set(names) - {"marker: level"}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp("cohort"))


@pytest.fixture(scope="module")
def model(cohort: Path) -> Path:
    path = cohort / "drawn.model"
    said = CliRunner().invoke(
        app,
        ["cohort", "fit", "--spec", str(cohort / "cohort.toml"), "--data", str(cohort), "--model", str(path), "--json"],
    )
    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout)["patients"] == 240
    return path


def _told(model: Path, data: Path, asked: Path, out: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    arguments = ["--model", str(model), "--data", str(data), "--tasks", str(asked), "--out", str(out)]
    said = CliRunner().invoke(app, ["cohort", "predict", *arguments])
    assert said.exit_code == 0, said.output
    return pd.read_csv(out / "risk.csv"), pd.read_csv(out / "forecast.csv")


def test_risks_of_new_patients_rank_them_and_come_true(model: Path, tmp_path: Path) -> None:
    new = draw(tmp_path / "new", patients=400, seed=1)
    risk, _ = _told(model, new, tasks(new), tmp_path / "out")
    became = outcomes_of(pd.read_csv(new / "outcomes.csv"))
    judged = evaluate(predictions_of(risk), became, repeats=50)
    hazard = risk.patient_id.map(pd.read_csv(new / "truth.csv").set_index("patient_id").hazard)
    best = risk.assign(risk=1 - np.exp(-hazard * risk.horizon))
    truth = evaluate(predictions_of(best), became, repeats=50).mean["auc"].value
    assert judged.mean["auc"].value > truth - 0.08  # the true hazard knows the drift without error
    assert 0.6 < judged.mean["observed_expected"].value < 1.6
    assert ((risk.low <= risk.risk) & (risk.risk <= risk.high)).all()
    one, two = (risk[risk.horizon == horizon].set_index("patient_id").risk for horizon in (1, 2))
    assert (two >= one).all()


def test_a_forecast_covers_new_readings_as_often_as_it_says(model: Path, tmp_path: Path) -> None:
    new = draw(tmp_path / "new", patients=400, seed=2)
    _, forecast = _told(model, new, tasks(new), tmp_path / "out")
    visits = pd.read_csv(new / "visits.csv")
    near = visits[(visits.time - 3.0).abs() < 0.11].groupby("patient_id").marker.first()
    both = forecast.set_index("patient_id").join(near, how="inner")
    covered = ((both.marker >= both["q0.1"]) & (both.marker <= both["q0.9"])).mean()
    assert 0.70 < covered < 0.90
    levels = forecast[[name for name in forecast if name.startswith("q")]].to_numpy()
    assert (np.diff(levels, axis=1) >= 0).all()


def test_what_comes_after_a_moment_changes_no_digit(model: Path, cohort: Path, tmp_path: Path) -> None:
    asked = tasks(cohort)
    whole = _told(model, cohort, asked, tmp_path / "whole")
    cut = tmp_path / "cut"
    cut.mkdir()
    for name in ("patients.csv", "visits.csv", "events.csv"):
        table = pd.read_csv(cohort / name)
        (table[table.time <= 2.0] if "time" in table else table).to_csv(cut / name, index=False)
    parted = _told(model, cut, asked, tmp_path / "cut_out")
    for one, other in zip(whole, parted, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_histories_cut_at_a_landmark_stand_for_the_visits(model: Path, cohort: Path, tmp_path: Path) -> None:
    asked = tasks(cohort)
    whole, _ = _told(model, cohort, asked, tmp_path / "whole")
    data, parts = tmp_path / "data", tmp_path / "parts"
    data.mkdir()
    parts.mkdir()
    shutil.copy(cohort / "patients.csv", data)
    shutil.copy(asked / "tasks_risk.csv", parts)
    for name, part in (("visits.csv", "history_2.csv"), ("events.csv", "events_2.csv")):
        table = pd.read_csv(cohort / name)
        table[table.time <= 2].to_csv(parts / part, index=False)
    arguments = ["--model", str(model), "--data", str(data), "--tasks", str(parts), "--out", str(tmp_path / "out")]
    said = CliRunner().invoke(app, ["cohort", "predict", *arguments])
    assert said.exit_code == 0, said.output
    pd.testing.assert_frame_equal(whole, pd.read_csv(tmp_path / "out" / "risk.csv"), check_exact=True)


def test_one_patient_alone_has_the_digits_of_the_batch(model: Path, cohort: Path) -> None:
    made, _ = fitted.load(model)
    everybody = tables.read(cohort, made.spec)
    asked = pd.read_csv(tasks(cohort) / "tasks_risk.csv")
    whole = predicting.predict_risks(made, everybody, asked)
    for name in asked.patient_id.unique()[:5]:
        alone = tables.read(cohort, made.spec, np.array([name], dtype=object))
        mine = predicting.predict_risks(made, alone, asked[asked.patient_id == name])
        assert (mine.risk.to_numpy() == whole[whole.patient_id == name].risk.to_numpy()).all()
        assert (mine.high.to_numpy() == whole[whole.patient_id == name].high.to_numpy()).all()


def test_a_risk_does_not_depend_on_what_else_is_asked(model: Path, cohort: Path) -> None:
    made, _ = fitted.load(model)
    crossing = Recalibration(
        horizons=np.array([1.0, 2.0]), intercept=np.array([0.8, -0.6]), slope=np.ones(2), events=np.array([50, 50])
    )
    made, everybody = replace(made, recalibration=crossing), tables.read(cohort, made.spec)
    asked = pd.read_csv(tasks(cohort) / "tasks_risk.csv")
    whole = predicting.predict_risks(made, everybody, asked)
    for horizon in (1, 2):
        alone = predicting.predict_risks(made, everybody, asked[asked.horizon == horizon])
        pd.testing.assert_frame_equal(alone, whole[whole.horizon == horizon], check_exact=True)
    one, two = (whole[whole.horizon == horizon].set_index("patient_id").risk for horizon in (1, 2))
    assert (two >= one).all()


def _thresholds(model: Path, cohort: Path, **changes: object) -> pd.DataFrame:
    made, _ = fitted.load(model)
    ids = pd.read_csv(tasks(cohort) / "tasks_risk.csv").patient_id.unique()
    asked = {"biomarker": "marker", "origin_time": 2.0, "threshold": 1.5, "direction": "above", "horizon": 1.0}
    table = pd.DataFrame({"patient_id": ids}).assign(**(asked | changes))  # type: ignore[arg-type]
    return predict_thresholds(made, tables.read(cohort, made.spec), table)


def test_a_threshold_is_passed_as_often_as_foretold(model: Path, cohort: Path) -> None:
    found = _thresholds(model, cohort)
    became = pd.read_csv(cohort / "truth.csv").set_index("patient_id").loc[found.patient_id]
    later = became.level + became.drift * 3.0  # the drawn course is a line, so it is highest at one of its ends
    is_past = np.maximum(later, became.level + became.drift * 2.0).to_numpy() > np.log(1.5)
    assert found.probability.mean() == pytest.approx(is_past.mean(), abs=0.06)
    sure = found.probability.to_numpy() > 0.8
    assert sure.sum() > 20 and is_past[sure].mean() > 0.8
    assert (found.probability >= found.already).all()
    late = found.years_to_half.notna()
    assert (found.probability[late] >= 0.5).all() and (found.probability[~late] < 0.5).all()
    assert found.drivers.str.contains("slope of marker").any()


def test_a_nearer_line_and_a_longer_wait_are_passed_more_often(model: Path, cohort: Path) -> None:
    usual = _thresholds(model, cohort).probability
    assert (_thresholds(model, cohort, threshold=1.2).probability >= usual).all()
    assert (_thresholds(model, cohort, horizon=2.0).probability >= usual).all()
    falling = _thresholds(model, cohort, direction="below")
    assert (falling.already == 1 - _thresholds(model, cohort).already).all()


def test_a_threshold_alone_has_the_digits_of_the_batch(model: Path, cohort: Path) -> None:
    made, _ = fitted.load(model)
    whole = _thresholds(model, cohort)
    for row in (0, 7):
        one = whole[row : row + 1][list(COLUMNS)]
        alone = tables.read(cohort, made.spec, one.patient_id.to_numpy(dtype=object))
        found = predict_thresholds(made, alone, one)
        pd.testing.assert_frame_equal(found, whole[row : row + 1], check_exact=True)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"biomarker": "sign"}, r"tasks_threshold\.csv row 2: the model does not follow this biomarker"),
        ({"direction": "up"}, "row 2: direction is above or below"),
        ({"horizon": 0.0}, "row 2: a horizon lies above 0"),
        ({"horizon": 11.0}, "row 2: a horizon lies above 0, up to 10 years"),
        ({"threshold": -1.0}, "row 2: the threshold lies below the floor, or not on the scale"),
    ],
)
def test_a_threshold_that_can_not_be_asked_is_refused_by_its_row(
    model: Path, cohort: Path, change: dict[str, object], says: str
) -> None:
    with pytest.raises(CannotPredict, match=says):
        _thresholds(model, cohort, **change)


def test_the_command_answers_threshold_tasks_and_writes_nothing_where_one_fails(
    model: Path, cohort: Path, tmp_path: Path
) -> None:
    asked, out = tmp_path / "asked", tmp_path / "answered"
    asked.mkdir()
    shutil.copy(tasks(cohort) / "tasks_risk.csv", asked)
    rows = _thresholds(model, cohort)[list(COLUMNS)]
    arguments = ["--model", str(model), "--data", str(cohort), "--tasks", str(asked), "--out", str(out)]
    rows.assign(direction="up").to_csv(asked / "tasks_threshold.csv", index=False)
    said = CliRunner().invoke(app, ["cohort", "predict", *arguments])
    assert said.exit_code == 2 and "row 2: direction" in said.output and not out.exists()
    rows.to_csv(asked / "tasks_threshold.csv", index=False)
    assert CliRunner().invoke(app, ["cohort", "predict", *arguments]).exit_code == 0
    assert len(pd.read_csv(out / "threshold.csv")) == len(rows) and (out / "risk.csv").exists()


def test_no_task_gives_no_row(model: Path, cohort: Path, tmp_path: Path) -> None:
    empty = tmp_path / "tasks"
    empty.mkdir()
    for name in ("tasks_risk.csv", "tasks_forecast.csv"):
        pd.read_csv(tasks(cohort) / name)[:0].to_csv(empty / name, index=False)
    risk, forecast = _told(model, cohort, empty, tmp_path / "out")
    assert risk.empty and forecast.empty and "risk" in risk and "q0.5" in forecast


def test_a_biomarker_nobody_has_is_not_followed_and_said(cohort: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(cohort, bare)
    pd.read_csv(bare / "visits.csv").assign(another=None).to_csv(bare / "visits.csv", index=False)
    asked = spec.read(bare / "cohort.toml")
    made = fitting.fit(asked, bare, None, date(2026, 11, 22))
    assert made.summary["not_followed"] == ["another"]
    rows = pd.read_csv(tasks(bare) / "tasks_risk.csv")
    assert predicting.predict_risks(made.fitted, tables.read(bare, asked), rows).risk.between(0, 1).all()


def test_what_could_not_be_used_is_told_with_the_answer(model: Path, cohort: Path, tmp_path: Path) -> None:
    spoilt = tmp_path / "spoilt"
    shutil.copytree(cohort, spoilt)
    pd.read_csv(spoilt / "visits.csv").assign(marker=-5.0).to_csv(spoilt / "visits.csv", index=False)
    arguments = ["--model", str(model), "--data", str(spoilt), "--tasks", str(tasks(spoilt)), "--out", str(tmp_path)]
    said = CliRunner().invoke(app, ["cohort", "predict", *arguments])
    assert said.exit_code == 0 and "left out: marker: no plausible value" in said.output


def test_the_order_of_rows_changes_no_digit(model: Path, cohort: Path, tmp_path: Path) -> None:
    shuffled = tmp_path / "shuffled"
    shuffled.mkdir()
    for name in ("patients.csv", "visits.csv", "events.csv"):
        pd.read_csv(cohort / name).sample(frac=1, random_state=3).to_csv(shuffled / name, index=False)
    asked = tasks(cohort)
    for one, other in zip(
        _told(model, cohort, asked, tmp_path / "a"), _told(model, shuffled, asked, tmp_path / "b"), strict=True
    ):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_a_model_says_the_same_after_it_was_stored(cohort: Path, tmp_path: Path) -> None:
    asked = spec.read(cohort / "cohort.toml")
    made = fitting.fit(asked, cohort, None, date(2026, 11, 22))
    fitted.save(made.fitted, made.card, tmp_path / "m", date(2026, 11, 22))
    again, _ = fitted.load(tmp_path / "m")
    assert again.hazard.event.net is not None
    everybody, rows = tables.read(cohort, asked), pd.read_csv(tasks(cohort) / "tasks_risk.csv")
    assert [each.column for each in again.spec.biomarkers] == ["marker", "another"]  # in the order they were written
    pd.testing.assert_frame_equal(
        predicting.predict_risks(made.fitted, everybody, rows),
        predicting.predict_risks(again, everybody, rows),
        check_exact=True,
    )


def test_a_replay_scores_every_visit_by_what_was_known_at_it(model: Path, cohort: Path, tmp_path: Path) -> None:
    out = tmp_path / "replay.csv"
    arguments = ["cohort", "replay", "--model", str(model), "--data", str(cohort), "--out", str(out)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    scored, visits = pd.read_csv(out), pd.read_csv(cohort / "visits.csv")
    assert len(scored) == len(visits) and scored.score.between(0, 1).all()
    first = visits[visits.time == 0]
    early = tmp_path / "early"
    early.mkdir()
    first.to_csv(early / "visits.csv", index=False)
    for name in ("patients.csv", "events.csv"):
        table = pd.read_csv(cohort / name)
        (table[table.time <= 0] if "time" in table else table).to_csv(early / name, index=False)
    arguments[-1], arguments[-3] = str(tmp_path / "early.csv"), str(early)
    assert CliRunner().invoke(app, arguments).exit_code == 0
    again = pd.read_csv(tmp_path / "early.csv").set_index("patient_id").score
    assert (again == scored[scored.time == 0].set_index("patient_id").score).all()


def test_a_task_beyond_the_longest_horizon_is_refused(model: Path, cohort: Path, tmp_path: Path) -> None:
    asked = tmp_path / "tasks"
    asked.mkdir()
    pd.DataFrame({"patient_id": ["P0001"], "landmark_time": [1.0], "horizon": [9.0]}).to_csv(
        asked / "tasks_risk.csv", index=False
    )
    arguments = ["--model", str(model), "--data", str(cohort), "--tasks", str(asked), "--out", str(tmp_path / "out")]
    said = CliRunner().invoke(app, ["cohort", "predict", *arguments])
    assert said.exit_code == 2 and "2 years" in said.output


def test_the_card_in_the_file_is_made_from_patients_left_out(model: Path) -> None:
    from twin.forecast import model_file

    card = model_file.load(model).card
    assert card["serves"] == {}
    moments = {each["count"] for each in card["risks"]}
    assert len(card["risks"]) == 2 and {each["count"] for each in card["inputs"]} == moments
    assert 200 < card["population"]["patients"] < 240  # those still in sight at the first landmark
    assert 0.6 < card["validation"]["mean"]["auc"]["value"] < 0.95


def test_the_card_gives_each_input_in_a_unit_of_its_own(model: Path, cohort: Path) -> None:
    from twin.forecast import model_file

    inputs = {each["key"]: each for each in model_file.load(model).card["inputs"]}
    marker = pd.read_csv(cohort / "visits.csv").marker
    assert marker.quantile(0.25) < inputs["marker: newest"]["quantiles"]["0.5"] < marker.quantile(0.9)
    assert 0.5 < inputs["marker: slope"]["quantiles"]["0.5"] < 2 and inputs["marker: slope"]["unit"] == "ratio a year"
    counts = inputs["marker: count"]
    assert counts["unit"] == "readings" and counts["quantiles"]["0.5"] == pytest.approx(
        round(counts["quantiles"]["0.5"])
    )
    assert (
        inputs["age"]["unit"] == inputs["years since time zero"]["unit"] == inputs["diabetes: for"]["unit"] == "years"
    )
