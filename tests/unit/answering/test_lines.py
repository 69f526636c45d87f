import json
import re

import pytest

from twin.answering import everything, of_images
from twin.answering.edition import _drawn_on, version
from twin.answering.lines import answer_line, answer_lines

FIB4 = {"age": 55, "ast": 40, "alt": 36, "platelets": 200}


@pytest.mark.parametrize(
    "line", [None, [], "fib4", {}, {"score": 4}, {"score": "fib4"}, {"score": "fib4", "inputs": {}, "units": []}]
)
def test_malformed_line_is_answered_as_such(line: object) -> None:
    assert answer_line(line)["absent"] == "malformed_line"


def test_unknown_score_is_answered_as_such() -> None:
    answer = answer_line({"score": "fib5", "inputs": {}})
    assert (answer["score"], answer["outputs"], answer["absent"]) == ("fib5", {}, "unknown_score")


def test_score_that_its_licence_keeps_out_is_unknown() -> None:
    assert answer_line({"score": "qrisk3", "inputs": {"age": 64}})["absent"] == "unknown_score"


def test_lines_are_answered_in_order_and_nothing_stops_them() -> None:
    good = json.dumps({"score": "bmi", "inputs": {"weight_kg": 70, "height_cm": 175}})
    bad = ["", "{", "[" * 100_000, "9" * 5_000, '{"score": "bmi", "inputs": {"weight_kg": NaN}}', "\ud800", good]
    assert [answer["absent"] for answer in answer_lines([good, *bad])] == [
        None, "malformed_line", "malformed_line", "malformed_line", "impossible_value", "malformed_line", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "inputs", [{"albumin_gl": 42, "bilirubin_umol": 70.11}, {"albumin_gl": -1, "bilirubin_umol": 70.11}, {}]
)
def test_answer_is_plain_json_with_the_same_keys(inputs: dict[str, float]) -> None:
    answer = answer_line({"score": "albi", "inputs": inputs})
    assert json.loads(json.dumps(answer)) == answer
    assert answer.keys() == answer_line({"score": "fib5", "inputs": {}}).keys()


def test_every_place_of_a_formula_is_reached_by_name() -> None:
    published = answer_line({"score": "fib4", "inputs": FIB4})
    table = answer_line({"score": "kdigo", "inputs": {"egfr": 50, "uacr": 40}})
    image = answer_line({"score": "vdt_volume", "inputs": {"v1": 100, "v2": 200, "days": 100}})
    assert published["outputs"] == {"value": pytest.approx(55 * 40 / (200 * 6), abs=1e-12)}
    assert table["outputs"] == {"g": "G3a", "a": "A2", "risk": "high"}
    assert image["outputs"] == {"vdt_days": pytest.approx(100, abs=1e-9)}


@pytest.mark.parametrize("key", ["ct_pdff", "malbi", "prs_hfc", "mayo_pbc_updated", "brock_parsimonious_spiculation"])
def test_an_unverified_formula_says_so_beside_its_answer(key: str) -> None:
    assert answer_line({"score": key, "inputs": {}})["verification"] == "unverified"


def test_what_was_assumed_is_shown_with_its_value() -> None:
    answer = answer_line({"score": "apri", "inputs": {"ast": 40, "platelets": 200}})
    assert answer["assumed"] == {"ast_uln": 40.0}


def test_input_outside_the_validated_range_is_named() -> None:
    answer = answer_line({"score": "fib4", "inputs": FIB4 | {"age": 30}})
    assert (answer["caution"], answer["cautions"]) == (True, ["age"])
    assert answer_line({"score": "fib4", "inputs": FIB4})["caution"] is False


def test_refusal_names_the_input_that_decided() -> None:
    answer = answer_line({"score": "fib4", "inputs": FIB4 | {"alt": 0}})
    assert (answer["absent"], answer["detail"], answer["outputs"]) == ("impossible_value", "alt", {})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"score": bmi}', "no JSON: Expecting value at column 11"),
        ("[" * 100_000, "nested too deep"),
        ("9" * 5_000, "too many digits"),
        ("[1]", "a list, not an object"),
        ('{"inputs": {}}', "score: missing"),
        ('{"score": 4}', "score: a name is needed, not a number"),
        ('{"score": "fib4"}', "inputs: missing"),
        ('{"score": "fib4", "inputs": null}', "inputs: an object, not null"),
        ('{"score": "fib4", "inputs": {}, "units": []}', "units: an object, not a list"),
        ('{"score": "fib5", "inputs": {}}', "no score is called so"),
        ('{"score": "fib4", "inputs": {}}', "age: not given"),
        ('{"score": "fib4", "inputs": {"age": 55, "ast": 40, "alt": 36, "plt": 2}}', "no input called 'plt'"),
        ('{"score": "fib4", "inputs": {"age": 55, "ast": "x", "alt": 36, "platelets": 2}}', "a number is needed"),
        ('{"score": "fib4", "inputs": {"age": 55, "ast": 40}, "units": {"ast": "furlong"}}', "the unit 'furlong' is"),
        ('{"score": "fib4", "inputs": {"age": 55, "ast": 40}, "units": {"ast": 3}}', "ast: no unit; asked in U/L"),
        ('{"score": "fib4", "inputs": {"age": 55, "ast": 40, "alt": 0}}', "alt: not finite, or outside"),
        ('{"score": "fib4", "inputs": {"age": 7, "ast": 40, "alt": 30, "platelets": 200}}', "age: the source"),
        ('{"score": "vdt_volume", "inputs": {"v1": 100, "v2": 101, "days": 100}}', "v2: no growth"),
        ('{"score": "hsi", "inputs": {"alt": 30, "ast": 30, "bmi": 30, "female": 1, "dm": 2}}', "1, 0, true or false"),
        ('{"score": "score2", "inputs": {"sex": "x", "region": "low"}}', "sex: one of"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_to_mend(text: str, why: str) -> None:
    (answer,) = answer_lines([text])
    assert answer["absent"] is not None
    assert why in str(answer["why"])
    assert answer["detail"]


def test_a_refusal_repeats_no_value() -> None:
    inputs = {"age": 55.25, "ast": "4711 U/L", "alt": 36, "platelets": 200}
    assert "4711" not in str(answer_line({"score": "fib4", "inputs": inputs})["why"])
    assert answer_line({"score": "fib4", "inputs": FIB4})["why"] == ""


def test_an_answer_names_the_formula_its_version_and_source() -> None:
    answer = answer_line({"score": "fib4", "inputs": FIB4})
    assert re.fullmatch(r"2026-11-[0-9a-f]{6}", str(answer["version"]))
    assert "Sterling" in str(answer["source"])
    assert answer_line({"score": "fib4", "inputs": {}})["version"] == answer["version"]


def test_no_two_formulas_have_the_same_version_and_every_one_has_one() -> None:
    found = {asked.key: version(asked) for asked in everything()}
    images = [asked.key for asked in of_images()]
    assert len({found[key] for key in images}) == 1  # one file
    assert len(set(found.values())) == len(found) - len(images) + 1


def test_a_version_is_of_all_a_formula_draws_on() -> None:
    assert {"twin.scores.cha2ds2_vasc", "twin.scores.base"} <= _drawn_on("twin.scores.cha2ds2_va")
    assert "imaging.calcium" in _drawn_on("twin.answering.image_formulas")
