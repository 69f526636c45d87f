"""`twin snapshot`: what it prints of a patient, and which moments it refuses."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from twin.cli import app
from twin.importers.base import PatientDraft
from twin.record.timeline import Identifier
from twin.settings import Settings
from twin.settings import settings as told_settings
from twin.store import people

PATIENT = "6f1c2a34-5b6d-4e8f-9a0b-1c2d3e4f5a6b"
NUMBER = "4711"


@pytest.fixture
def shell(engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    """The command line on the test database, in which one patient is known."""
    born = PatientDraft(
        name="Prüfung, Frieda",
        sex="female",
        birth_date=date(1960, 5, 4),
        identifiers=(Identifier(system="urn:mrn", value=NUMBER, kind="MR"),),
    )
    with engine.begin() as connection:
        people.add_patient(connection, PATIENT, born, datetime.now(UTC))
    monkeypatch.setenv("DATABASE_URL", str(settings.database_url))
    monkeypatch.setenv("TWIN_HOME", str(settings.home_path))
    told_settings.cache_clear()
    yield CliRunner()
    told_settings.cache_clear()


@pytest.mark.parametrize("text", [str(date.today() + timedelta(days=2)), "2130-01-01T00:00:00Z"])
def test_the_future_is_refused(shell: CliRunner, text: str) -> None:
    told = shell.invoke(app, ["snapshot", NUMBER, "--as-of", text])
    assert (told.exit_code, told.stdout) == (2, "")
    assert "as_of lies in the future" in told.stderr


def test_a_day_before_birth_is_refused_without_saying_when_that_was(shell: CliRunner) -> None:
    told = shell.invoke(app, ["snapshot", NUMBER, "--as-of", "1900-01-01"])
    assert (told.exit_code, told.stdout) == (2, "")
    assert "before the patient was born" in told.stderr
    assert "1960" not in told.stderr and "Frieda" not in told.stderr


@pytest.mark.parametrize(
    ("asked", "age"), [((), None), (("--as-of", "2026-01-01"), 65), (("--as-of", "1960-05-04"), 0)]
)
def test_today_and_any_day_of_a_life_are_told(shell: CliRunner, asked: tuple[str, ...], age: int | None) -> None:
    told = shell.invoke(app, ["snapshot", NUMBER, *asked])
    assert told.exit_code == 0, told.stderr
    assert age is None or json.loads(told.stdout)["patient"]["age"] == age
