"""What can be asked, in which units and ranges, and how far is each formula confirmed? The list of `twin score`."""

from twin.answering.edition import version
from twin.scores.base import Input, Output, Range, Score


def entry(asked: Score) -> dict[str, object]:
    """Return one formula as a program may read it."""
    return {
        "score": asked.key,
        "inputs": [_input(item) for item in asked.inputs],
        "outputs": [_output(item) for item in asked.outputs],
        "verification": asked.verification,
        "version": version(asked),
        "source": asked.source,
        "reviewed": asked.reviewed,
        "warnings": list(asked.warnings),
    }


def sentence(asked: Score) -> str:
    """Return one formula on one line: key, status, inputs with units, outputs and source."""
    inputs = ", ".join(_short(item) for item in asked.inputs)
    outputs = ", ".join(item.key for item in asked.outputs)
    return f"{asked.key} [{asked.verification}] ({inputs}) -> {outputs}. {asked.source}"


def _short(item: Input) -> str:
    unit = f" {item.unit}" if item.unit not in ("", "1") else ""
    return f"{item.key}{unit}{'?' if item.optional or item.default is not None else ''}"


def _input(item: Input) -> dict[str, object]:
    told: dict[str, object] = {"name": item.key, "kind": item.kind, "required": _is_required(item)}
    if item.kind == "number":
        told["unit"] = item.unit
        ranges = {"absent_outside": (item.possible, item.population), "caution_outside": (item.validated,)}
        told |= {name: [_range(each) for each in given if each != Range()] for name, given in ranges.items()}
    if item.choices:
        told["codes"] = [code for code in item.choices if isinstance(code, str)] or list(item.choices)
    if item.default is not None:
        told["default"] = item.default
    if item.signal is not None:
        told["signal"] = item.signal
    return told


def _is_required(item: Input) -> bool:
    return not item.optional and item.default is None


def _output(item: Output) -> dict[str, object]:
    told: dict[str, object] = {"name": item.key, "unit": item.unit}
    return told | ({"values": list(dict.fromkeys(item.names.values()))} if item.names else {})


def _range(given: Range) -> dict[str, object]:
    return {
        "low": given.low,
        "high": given.high,
        "low_itself": given.low is not None and not given.low_open,
        "high_itself": given.high is not None and not given.high_open,
    }
