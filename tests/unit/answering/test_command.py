import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from twin.answering import everything
from twin.cli import app

GOOD = json.dumps({"score": "bmi", "inputs": {"weight_kg": 70, "height_cm": 175}})


def run(*given: str, typed: bytes | None = None) -> tuple[int, list[str]]:
    ran = CliRunner().invoke(app, ["score", *given], input=typed)
    return ran.exit_code, ran.stdout.splitlines()


def test_one_bad_line_does_not_stop_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    bad = [
        b'{"score": "\xff\xfe"}',
        b"[" * 50_000,
        b'{"score": "\\ud800", "inputs": {}}',
        b'{"score": "nope", "inputs": {}}',
    ]
    file.write_bytes(b"\xef\xbb\xbf" + b"\n".join([GOOD.encode(), *bad, GOOD.encode()]))
    code, lines = run("--jsonl", str(file))
    reasons = [json.loads(line)["absent"] for line in lines]
    assert code == 0
    assert reasons == [None, "malformed_line", "malformed_line", "unknown_score", "unknown_score", None]


def test_lines_are_read_from_standard_input() -> None:
    code, lines = run("--jsonl", "-", typed=f"{GOOD}\n\n{GOOD}\n".encode())
    assert code == 0
    assert [json.loads(line)["outputs"] for line in lines] == [{"value": pytest.approx(22.857, abs=0.001)}] * 2


def test_list_names_everything_with_its_status() -> None:
    code, lines = run("--list")
    assert code == 0
    assert [line.split()[:2] for line in lines] == [[asked.key, f"[{asked.verification}]"] for asked in everything()]


def test_list_as_json_tells_inputs_units_and_ranges() -> None:
    code, lines = run("--list", "--json")
    told = {entry["score"]: entry for entry in json.loads("\n".join(lines))}
    assert code == 0
    age, ast = told["fib4"]["inputs"][:2]
    assert age["absent_outside"][1] == {"low": 18, "high": None, "low_itself": True, "high_itself": False}
    assert age["caution_outside"][0]["low"] == 35
    assert (ast["unit"], ast["required"], ast["signal"]) == ("U/L", True, "ast")
    assert told["apri"]["inputs"][1]["default"] == 40
    assert told["score2"]["inputs"][1]["codes"] == ["low", "moderate", "high", "very_high"]
    assert told["kdigo"]["outputs"][2]["values"] == ["low", "moderate", "high", "very high"]
    assert told["malbi"]["verification"] == "unverified"


@pytest.mark.parametrize("given", [(), ("--jsonl", "-", "--list"), ("--jsonl", "no/such/file")])
def test_nothing_to_do_or_no_such_file_ends_with_2(given: tuple[str, ...]) -> None:
    assert run(*given)[0] == 2
