"""Why is there no answer, in a sentence that names what to mend? It quotes names and units, never a value."""

import json
from collections.abc import Mapping

from twin.scores.base import Input, Score

_SHOWN = 40  # characters of what somebody wrote
_KINDS = ((bool, "true or false"), (int | float, "a number"), (str, "a text"), (list, "a list"), (Mapping, "an object"))
_NO_RESULT = {
    "outside_population": "the source defines no result for this person",
    "no_growth": "no growth, so no doubling time",
}


def of_text(error: Exception) -> str:
    """Return what is wrong with a line that is no JSON."""
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON: {error.msg} at column {error.colno}"
    return "nested too deep" if isinstance(error, RecursionError) else "a number of too many digits"


def of_line(line: object) -> str:
    """Return what is wrong with a line that is JSON and no question; empty where nothing is."""
    if not isinstance(line, Mapping):
        return f'the line is {_kind(line)}, not an object {{"score", "inputs", "units"}}'
    if not isinstance(line.get("score"), str):
        return "score: missing" if "score" not in line else f"score: a name is needed, not {_kind(line['score'])}"
    if not isinstance(line.get("inputs"), Mapping):
        return "inputs: missing" if "inputs" not in line else f"inputs: an object, not {_kind(line['inputs'])}"
    units = line.get("units")
    return "" if units is None or isinstance(units, Mapping) else f"units: an object, not {_kind(units)}"


def of_refusal(
    asked: Score, reason: str, detail: str, inputs: Mapping[str, object], units: Mapping[str, object] | None
) -> str:
    """Return what is wrong with the inputs of a refused answer; `detail` as the answer has it."""
    item = next((each for each in asked.inputs if each.key == detail), None)
    if reason == "missing_input":
        known = {each.key for each in asked.inputs}
        strange = ", ".join(sorted(_quoted(name) for name in inputs if name not in known))
        return f"{detail}: not given" + (f"; {asked.key} has no input called {strange}" if strange else "")
    if item is None:
        return "these inputs can't all be true" if reason == "impossible_value" else _NO_RESULT.get(reason, reason)
    if reason == "bad_unit":
        unit = (units or {}).get(item.key)
        said = f"the unit {_quoted(unit)} is unknown or of another kind" if isinstance(unit, str) else "no unit"
        return f"{item.key}: {said}; asked in {item.unit}"
    if reason == "bad_code":
        return f"{item.key}: {_wanted(item, inputs.get(item.key))}"
    if reason == "impossible_value":
        return f"{item.key}: not finite, or outside what is possible ({asked.key} in twin score --list --json)"
    return f"{item.key}: {_NO_RESULT.get(reason, reason)}"


def _wanted(item: Input, given: object) -> str:
    if item.kind == "number":
        return f"a number is needed, not {_kind(given)}"
    if item.kind == "yes_no":
        return "1, 0, true or false is needed"
    codes = ", ".join(str(code) for code in item.choices)
    return f"one of {codes} is needed" if item.kind == "choice" else f"a list of {codes} is needed"


def _kind(given: object) -> str:
    return next((name for kind, name in _KINDS if isinstance(given, kind)), "null")


def _quoted(written: object) -> str:
    text = str(written)
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")
