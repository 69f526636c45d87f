"""What `twin score --jsonl` answers to each line: one JSON object in, one out, in order, whatever the line holds."""

import json
from collections.abc import Iterable, Iterator, Mapping

from twin.errors import UnknownKey
from twin.scores import Answer, calculate, score


def answer_line(line: object) -> dict[str, object]:
    """Return the answer to `{"score", "inputs", "units"}`; an unknown score or malformed line is an answer too."""
    if not isinstance(line, Mapping) or not isinstance(line.get("score"), str):
        return _refused(None, "malformed_line")
    name, inputs, units = line["score"], line.get("inputs"), line.get("units")
    if not isinstance(inputs, Mapping) or not (units is None or isinstance(units, Mapping)):
        return _refused(name, "malformed_line")
    try:
        wanted = score(name)
    except UnknownKey:
        return _refused(name, "unknown_score")
    return _as_line(name, calculate(wanted, inputs, units))


def answer_lines(lines: Iterable[str]) -> Iterator[dict[str, object]]:
    """Answer JSON texts one by one; blank lines are passed over."""
    for text in lines:
        if text.strip():
            try:
                yield answer_line(json.loads(text))
            except (json.JSONDecodeError, RecursionError):
                yield _refused(None, "malformed_line")


def _as_line(name: str, answer: Answer) -> dict[str, object]:
    return {
        "score": name,
        "outputs": {**answer.outputs, **answer.named},
        "unit": answer.unit,
        "category": answer.category,
        "caution": answer.caution,
        "absent": answer.absent,
    }


def _refused(name: str | None, reason: str) -> dict[str, object]:
    return {"score": name, "outputs": {}, "unit": None, "category": None, "caution": False, "absent": reason}
