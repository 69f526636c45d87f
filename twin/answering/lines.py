"""What `twin score --jsonl` answers to each line: one JSON object in, one out, in order, whatever the line holds."""

import json
from collections.abc import Iterable, Iterator, Mapping

from twin.answering import formula
from twin.answering.edition import version
from twin.answering.why import of_line, of_refusal, of_text
from twin.errors import UnknownKey
from twin.scores.answer import Answer, calculate
from twin.scores.base import Score


def answer_line(line: object) -> dict[str, object]:
    """Return the answer to `{"score", "inputs", "units"}`; an unknown score or malformed line is an answer too."""
    name = line.get("score") if isinstance(line, Mapping) else None
    wrong = of_line(line)
    if wrong or not isinstance(line, Mapping) or not isinstance(name, str):
        return _refused(name if isinstance(name, str) else None, "malformed_line", wrong)
    try:
        wanted = formula(name)
    except UnknownKey:
        return _refused(name, "unknown_score", "no score is called so; twin score --list names them")
    inputs, units = line["inputs"], line.get("units")
    return _as_line(wanted, calculate(wanted, inputs, units), inputs, units)


def answer_lines(lines: Iterable[str]) -> Iterator[dict[str, object]]:
    """Answer JSON texts one by one; blank lines are passed over."""
    for text in lines:
        if text.strip():
            try:
                yield answer_line(json.loads(text))
            except (
                ValueError,
                RecursionError,
            ) as error:  # no JSON, a number of thousands of digits, or nested too deep
                yield _refused(None, "malformed_line", of_text(error))


def _as_line(
    asked: Score, answer: Answer, inputs: Mapping[str, object], units: Mapping[str, object] | None
) -> dict[str, object]:
    defaults = {item.key: item.default for item in asked.inputs}
    return {
        "score": asked.key,
        "version": version(asked),
        "outputs": {**answer.outputs, **answer.named},
        "unit": answer.unit,
        "category": answer.category,
        "caution": answer.caution,
        "absent": answer.absent,
        "detail": answer.detail,
        "why": "" if answer.absent is None else of_refusal(asked, answer.absent, answer.detail, inputs, units),
        "cautions": list(answer.cautions),
        "assumed": {key: defaults[key] for key in answer.assumed},
        "verification": asked.verification,
        "source": asked.source,
        "warnings": list(asked.warnings),
    }


def _refused(name: str | None, reason: str, why: str) -> dict[str, object]:
    return {
        "score": name,
        "version": None,
        "outputs": {},
        "unit": None,
        "category": None,
        "caution": False,
        "absent": reason,
        "detail": why,
        "why": why,
        "cautions": [],
        "assumed": {},
        "verification": None,
        "source": None,
        "warnings": [],
    }
