"""Between a model and a page stand the gate and the recalibration; a shadow's numbers are kept and not shown."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from tests.unit.forecast.timelines import NOW, history_of, timeline
from twin.forecast.calibrate import NONE, Recalibration
from twin.forecast.gate import NO_MODEL
from twin.forecast.model_file import ModelFile, versioned
from twin.models.serving import Raw, Served, serve, shown, to_keep
from twin.models.shelf import InUse
from twin.record.fact import Absent
from twin.record.timeline import Timeline
from twin.store.models import Registered, State

HORIZONS = np.array([1.0, 5.0])
HALVED = Recalibration(
    horizons=HORIZONS, intercept=np.full(2, -np.log(2)), slope=np.ones(2), events=np.array([100, 100])
)
CARD = {"serves": {"min_age": 18, "max_age": 90, "all_of": [{"concept": "fatty_liver"}]}}
PATIENT = timeline(history_of("fatty_liver"))


def in_use(state: State = "active", lines: Recalibration = NONE, number: int = 1) -> InUse:
    file = versioned(kind="constant", spec={"n": number}, card=CARD, arrays={}, made_on=date(2026, 1, 1))
    registered = Registered(
        id=number, sha256="", kind=file.kind, version=file.version, slot="liver.death", organ="liver", state=state,
        card=CARD, recalibrated_from=None, added_by="t", added_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    return InUse(registered=registered, file=file, lines=lines)


def constant(file: ModelFile, known: Timeline, at: datetime) -> Raw | Absent:
    """The simplest model there is: the same risks for everybody."""
    risk = np.array([0.2, 0.5])
    return Raw(horizons=HORIZONS, risk=risk, low=risk / 2, high=risk + 0.1, inputs={"alt": 30.0, "ast": None})


def served(*models: InUse, known: Timeline = PATIENT) -> tuple[Served, ...]:
    return serve(models, {"constant": constant}, known, NOW)


def test_what_is_shown_went_through_the_recalibration() -> None:
    (plain,), (moved,) = served(in_use()), served(in_use(lines=HALVED))
    assert isinstance(plain.said, Raw) and isinstance(moved.said, Raw)
    assert plain.said.risk.tolist() == [0.2, 0.5]
    np.testing.assert_allclose(moved.said.risk, [1 / 9, 1 / 3], rtol=1e-9)  # half the odds
    assert moved.said.low is not None and moved.said.high is not None
    assert (moved.said.low < moved.said.risk).all() and (moved.said.risk < moved.said.high).all()


def test_whoever_is_outside_the_population_gets_no_number_and_no_row_is_kept() -> None:
    found = served(in_use(), in_use("shadow", number=2), known=timeline())
    assert [each.said for each in found] == [Absent(reason=NO_MODEL, detail="Not on record: fatty liver.")] * 2
    assert to_keep(found, "p1") == []


def test_a_shadow_is_kept_and_not_shown() -> None:
    found = served(in_use(), in_use("shadow", lines=HALVED, number=2))
    assert [each.model.registered.id for each in shown(found)] == [1]
    kept = to_keep(found, "p1")
    assert [(each.model_id, each.horizon, each.is_shadow) for each in kept] == [
        (1, 1.0, False), (1, 5.0, False), (2, 1.0, True), (2, 5.0, True),
    ]  # fmt: skip
    assert kept[2].risk == pytest.approx(1 / 9)
    assert kept[0].inputs == {"alt": 30.0, "ast": None}
    assert {each.landmark for each in kept} == {NOW}


def test_a_kind_that_this_program_does_not_know_says_nothing() -> None:
    (found,) = serve([in_use()], {}, PATIENT, NOW)
    assert found.said == Absent(reason="unknown_kind_of_model", detail="constant")


def test_a_model_may_decline_by_itself() -> None:
    refusal = Absent(reason="missing_input", detail="alt")
    (found,) = serve([in_use()], {"constant": lambda file, known, at: refusal}, PATIENT, NOW)
    assert found == replace(found, said=refusal)
    assert to_keep([found], "p1") == []
