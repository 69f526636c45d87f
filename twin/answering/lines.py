"""What `twin score --jsonl` answers to each line: one JSON object in, one out, in order, whatever the line holds."""

import json
from collections.abc import Iterable, Iterator, Mapping

from twin.answering import formula
from twin.errors import UnknownKey
from twin.scores.answer import Answer, calculate
from twin.scores.base import Score


def answer_line(line: object) -> dict[str, object]:
    """Return the answer to `{"score", "inputs", "units"}`; an unknown score or malformed line is an answer too."""
    if not isinstance(line, Mapping) or not isinstance(line.get("score"), str):
        return _refused(None, "malformed_line")
    name, inputs, units = line["score"], line.get("inputs"), line.get("units")
    if not isinstance(inputs, Mapping) or not (units is None or isinstance(units, Mapping)):
        return _refused(name, "malformed_line")
    try:
        wanted = formula(name)
    except UnknownKey:
        return _refused(name, "unknown_score")
    return _as_line(wanted, calculate(wanted, inputs, units))


def answer_lines(lines: Iterable[str]) -> Iterator[dict[str, object]]:
    """Answer JSON texts one by one; blank lines are passed over."""
    for text in lines:
        if text.strip():
            try:
                yield answer_line(json.loads(text))
            except (ValueError, RecursionError):  # no JSON, a number of thousands of digits, or nested too deep
                yield _refused(None, "malformed_line")


def _as_line(asked: Score, answer: Answer) -> dict[str, object]:
    defaults = {item.key: item.default for item in asked.inputs}
    return {
        "score": asked.key,
        "outputs": {**answer.outputs, **answer.named},
        "unit": answer.unit,
        "category": answer.category,
        "caution": answer.caution,
        "absent": answer.absent,
        "detail": answer.detail,
        "cautions": list(answer.cautions),
        "assumed": {key: defaults[key] for key in answer.assumed},
        "verification": asked.verification,
        "warnings": list(asked.warnings),
    }


def _refused(name: str | None, reason: str) -> dict[str, object]:
    return {
        "score": name,
        "outputs": {},
        "unit": None,
        "category": None,
        "caution": False,
        "absent": reason,
        "detail": "",
        "cautions": [],
        "assumed": {},
        "verification": None,
        "warnings": [],
    }
