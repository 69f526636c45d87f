"""A card says of a run what the run holds, and what it does not hold it says too."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from twin.forecast.card.build import build
from twin.forecast.card.held import Held, of_input
from twin.forecast.card.html import page, part
from twin.forecast.card.markdown import markdown
from twin.forecast.card.plot import Plot, svg
from twin.forecast.card.reference import is_reference, reference, shares
from twin.forecast.card.run import Described, Endpoint, InputColumn, People, Run
from twin.forecast.card.tripod import ITEMS
from twin.forecast.evaluate.measures import evaluate
from twin.forecast.evaluate.rows import NotJudgeable, Outcomes, Predictions
from twin.forecast.gate import BadCriteria

VERSION = "2026.11.23-0123456789ab"
DESCRIBED = Described(
    title="Death in <fatty> liver | disease",
    kind="hazards",
    slot="liver.death",
    organ="liver",
    endpoint=Endpoint(label="death of any cause", is_death=True),
    competing=None,
    intended_use="Shows clinicians which patients to see sooner.",
    source="simulated for a test",
    setting="one place",
    method="constant hazards",
    validation="5-fold by patient",
    limits=("Simulated.", "Nobody is like that."),
    serves={"min_age": 18, "max_age": 100},
    declared={"18a": "nobody paid"},
)


def run(people: int = 500, seed: int = 4) -> Run:
    random = np.random.default_rng(seed)
    hazard = np.exp(random.normal(-2.3, 0.8, people))
    event, other = random.exponential(1 / hazard), random.exponential(40, people)
    censored = random.uniform(1.5, 10, people)
    time = np.minimum.reduce([event, other, censored]) + 0.01
    status = np.where(event <= np.minimum(other, censored), 1, np.where(other <= censored, 2, 0))
    patient = np.arange(people)
    rows = [(mark, horizon, time > mark) for mark in (0.0, 1.0) for horizon in (2.0, 4.0)]
    predictions = Predictions(
        patient=np.concatenate([patient[alive] for _, _, alive in rows]),
        landmark=np.concatenate([np.full(alive.sum(), mark) for mark, _, alive in rows]),
        horizon=np.concatenate([np.full(alive.sum(), horizon) for _, horizon, alive in rows]),
        risk=np.concatenate([1 - np.exp(-horizon * hazard[alive]) for _, horizon, alive in rows]),
    )
    alt = random.lognormal(3.5, 0.4, len(predictions))
    alt[: len(alt) // 4] = np.nan
    return Run(
        predictions=predictions,
        outcomes=Outcomes(patient=patient, time=time, status=status),
        people=People(
            patient=patient,
            sex=np.where(patient % 3 == 0, "male", "female"),
            age=random.uniform(30, 85, people),
        ),
        inputs=(InputColumn(key="alt", unit="U/L", values=alt),),
        by_landmark=True,
        made_on=date(2026, 11, 23),
        software="patient-twin 0.1.0",
    )


@pytest.fixture(scope="module")
def made() -> Run:
    return run()


@pytest.fixture(scope="module")
def card(made: Run) -> dict[str, Any]:
    return build(DESCRIBED, made, repeats=20)


def test_a_card_is_plain_json(card: dict[str, Any]) -> None:
    assert json.loads(json.dumps(card, allow_nan=False)) == card


def test_the_population_is_counted(card: dict[str, Any], made: Run) -> None:
    people = card["population"]
    assert people["patients"] == 500
    assert people["events"] == int((made.outcomes.status == 1).sum()) > 100
    assert people["events"] + people["competing_events"] + people["censored"] == 500
    assert people["sex"] == {"female": 333, "male": 167, "unknown": 0}
    assert people["follow_up_years"]["median"] == pytest.approx(np.median(made.outcomes.time))
    assert 30 <= people["age"]["min"] < people["age"]["median"] < people["age"]["max"] <= 85


def test_figures_are_those_of_the_evaluation(card: dict[str, Any], made: Run) -> None:
    judged = evaluate(made.predictions, made.outcomes, repeats=20)
    figure = judged.mean["auc"]
    assert card["validation"]["mean"]["auc"] == {"value": figure.value, "low": figure.low, "high": figure.high}
    assert [(cell["landmark"], cell["horizon"]) for cell in card["validation"]["cells"]] == [
        (0, 2), (0, 4), (1, 2), (1, 4),
    ]  # fmt: skip
    assert [cell["horizon"] for cell in card["validation"]["by_horizon"]] == [2, 4]


def test_every_sex_and_age_band_that_is_there_is_judged_or_said_to_be_too_small(card: dict[str, Any]) -> None:
    groups = {group["group"]: group for group in card["subgroups"]}
    assert list(groups) == [
        "sex: female", "sex: male", "age: under 50", "age: 50 to 64", "age: 65 to 79", "age: 80 or over",
    ]  # fmt: skip
    assert all(("mean" in group) != ("not_judged" in group) for group in groups.values())
    assert "mean" in groups["sex: female"]
    assert groups["sex: female"]["patients"] + groups["sex: male"]["patients"] == 500


def test_a_patient_of_whom_nothing_is_told_is_counted_as_unknown(made: Run) -> None:
    known = made.people
    some = People(patient=known.patient[::2], sex=known.sex[::2], age=known.age[::2])
    found = build(DESCRIBED, replace(made, people=some), repeats=2)
    assert found["population"]["sex"]["unknown"] == 250
    assert {"sex: unknown", "age: unknown"} <= {group["group"] for group in found["subgroups"]}


def test_every_item_of_the_checklist_is_answered_or_says_why_not(card: dict[str, Any]) -> None:
    rows = card["tripod"]
    assert [row["item"] for row in rows] == [item.key for item in ITEMS]
    assert len({row["item"] for row in rows}) == len(rows) == 52
    assert {row["item"].rstrip("abcdefg") for row in rows} == {str(number) for number in range(1, 28)}
    for row in rows:
        assert ("answer" in row) != ("not_reported" in row)
        assert row.get("answer") or row.get("not_reported")
    answers = {row["item"]: row for row in rows}
    assert answers["18a"]["answer"] == "Declared: nobody paid"
    assert "not_reported" in answers["17"]
    assert "alt 25%" in answers["11"]["answer"]


def test_a_model_that_serves_nobody_says_so(made: Run) -> None:
    found = build(replace(DESCRIBED, serves={}), made, repeats=2)
    assert "serves nobody" in next(row["answer"] for row in found["tripod"] if row["item"] == "6b")
    assert "serves nobody" in markdown(found, VERSION)


def test_a_model_without_events_gets_no_card(made: Run) -> None:
    quiet = replace(made.outcomes, status=np.zeros_like(made.outcomes.status))
    with pytest.raises(NotJudgeable):
        build(DESCRIBED, replace(made, outcomes=quiet), repeats=2)


def test_criteria_that_can_not_be_read_are_refused_before_the_run() -> None:
    with pytest.raises(BadCriteria):
        replace(DESCRIBED, serves={"min_age": 18})


class Strict(HTMLParser):
    """Reads HTML and keeps what matters; complains of a tag that is closed and not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "style") or name[:2] == "on"]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_alone_without_script(card: dict[str, Any]) -> None:
    reader = Strict()
    reader.feed(page(card, VERSION))
    assert reader.open == []
    assert reader.links == []
    assert "script" not in reader.seen and "link" not in reader.seen
    assert reader.seen.count("svg") == 2
    assert "style" not in re.findall(r"<(\w+)", part(card, VERSION))


@pytest.mark.parametrize("show", [markdown, page])
def test_what_people_wrote_shows_as_they_wrote_it(card: dict[str, Any], show: Any) -> None:
    shown = show(card, VERSION)
    assert "<fatty>" not in shown.replace("\\<", "")
    assert VERSION in shown
    assert "Nobody is like that." in shown


def test_every_row_of_a_markdown_table_has_the_width_of_its_head(card: dict[str, Any]) -> None:
    width = 0
    for line in markdown(card, VERSION).splitlines():
        if line.startswith("|"):
            cells = len(re.findall(r"(?<!\\)\|", line))
            assert width in (0, cells)
            width = cells
        else:
            width = 0


def test_a_plot_puts_its_points_where_they_belong() -> None:
    found = ET.fromstring(svg(Plot(title="A & B", points=((0.1, 0.2, 0.1, 0.35), (0.3, 0.3, None, None)))))
    name = "{http://www.w3.org/2000/svg}"
    circles = [(float(each.attrib["cx"]), float(each.attrib["cy"])) for each in found.iter(f"{name}circle")]
    frame = next(found.iter(f"{name}rect")).attrib
    left, top, side = float(frame["x"]), float(frame["y"]), float(frame["width"])
    assert circles[0] == pytest.approx((left + side * 0.25, top + side * 0.5), abs=0.1)  # axes end at 40 %
    assert circles[1] == pytest.approx((left + side * 0.75, top + side * 0.25), abs=0.1)
    assert len(list(found.iter(f"{name}line"))) == 2  # the diagonal, and the one interval there is


def test_a_spread_counts_everything_once_and_what_is_missing_last() -> None:
    values = np.array([0.0, 0.0, 0.0, 1.0, 2.0, np.nan])
    found = reference(values)
    assert (found["count"], found["missing"]) == (6, 1)
    assert sum(found["shares"]) == pytest.approx(1)
    assert found["shares"][-1] == pytest.approx(1 / 6)
    assert shares(values, np.array(found["edges"])).tolist() == found["shares"]


@pytest.mark.parametrize(
    ("held", "natural"),
    [
        (Held(), [0.5, 0.7, 0.9]),
        (Held(kind="log"), np.exp([0.5, 0.7, 0.9])),
        (Held(kind="log1p"), np.exp([0.5, 0.7, 0.9]) - 1),
        (Held(kind="logit", low=50, high=100), 50 + 50 / (1 + np.exp([-0.5, -0.7, -0.9]))),
    ],
)
def test_quantiles_are_in_the_unit_and_edges_as_the_model_holds_them(held: Held, natural: list[float]) -> None:
    values = np.repeat([0.5, 0.7, 0.9], [30, 30, 30])
    found = reference(values, held)
    assert [found["quantiles"][level] for level in ("0.05", "0.5", "0.95")] == pytest.approx(natural)
    assert found["edges"] == reference(values)["edges"]
    assert of_input({"held": held.as_json()}) == held


@pytest.mark.parametrize("wrong", [{"kind": "cube"}, {"kind": "logit", "low": 2, "high": 1}, {"by": 1}, 5, None])
def test_a_card_whose_input_is_held_on_no_scale_is_no_reference(wrong: Any) -> None:
    assert is_reference(reference(np.arange(9.0)))
    assert not is_reference(reference(np.arange(9.0)) | {"held": wrong})


def test_the_card_says_a_logarithm_in_its_unit(made: Run) -> None:
    alt = made.inputs[0]
    logs = replace(alt, values=np.log(alt.values), held=Held(kind="log"))
    found = build(DESCRIBED, replace(made, inputs=(logs,)), repeats=2)
    assert found["inputs"][0]["held"] == {"kind": "log"}
    assert found["inputs"][0]["quantiles"]["0.5"] == pytest.approx(np.nanmedian(alt.values), rel=0.01)
    assert "was made before" not in markdown(found, VERSION)


def test_a_card_made_before_inputs_told_their_scale_shows_and_says_so(card: dict[str, Any]) -> None:
    old = card | {"inputs": [{key: value for key, value in each.items() if key != "held"} for each in card["inputs"]]}
    assert all(is_reference(each) for each in old["inputs"])
    assert "was made before inputs told their scale" in markdown(old, VERSION)


def test_an_input_that_is_never_there_has_no_spread() -> None:
    found = reference(np.full(4, np.nan))
    assert found["shares"] == [0.0, 1.0]
    assert found["quantiles"] is None
