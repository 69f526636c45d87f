import json

import pytest

from twin.scores.lines import answer_line, answer_lines


@pytest.mark.parametrize(
    "line", [None, [], "fib4", {}, {"score": 4}, {"score": "fib4"}, {"score": "fib4", "inputs": {}, "units": []}]
)
def test_malformed_line_is_answered_as_such(line: object) -> None:
    assert answer_line(line)["absent"] == "malformed_line"


def test_unknown_score_is_answered_as_such() -> None:
    answer = answer_line({"score": "fib5", "inputs": {}})
    assert answer == {
        "score": "fib5",
        "outputs": {},
        "unit": None,
        "category": None,
        "caution": False,
        "absent": "unknown_score",
    }


def test_lines_are_answered_in_order_and_nothing_stops_them() -> None:
    good = json.dumps({"score": "bmi", "inputs": {"weight_kg": 70, "height_cm": 175}})
    answers = list(answer_lines([good, "", "{", "[" * 100_000, '{"score": "bmi", "inputs": {"weight_kg": NaN}}']))
    assert [answer["absent"] for answer in answers] == [None, "malformed_line", "malformed_line", "impossible_value"]


def test_answer_is_plain_json() -> None:
    answer = answer_line({"score": "albi", "inputs": {"albumin_gl": 42, "bilirubin_umol": 70.11}})
    assert json.loads(json.dumps(answer)) == answer
    assert answer["outputs"]["grade"] == 2
