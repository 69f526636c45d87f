"""A throw-away instance with simulated patients and phantom CT, brought in through the real import path."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import typer

from twin import compose
from twin.cli.say import COULD_NOT, as_json, could_not
from twin.settings import Settings
from twin.store import accounts, api_tokens, migrate, session

if TYPE_CHECKING:
    from imaging.phantom import Phantom
    from twin.synth import SyntheticPatient

SEED = 20_261_122  # the demo's patients are the same every time
CT_PATIENTS = 2
_PEOPLE: tuple[tuple[str, str, accounts.Role], ...] = (
    ("demo", "Dr Demo", "clinician"),
    ("recalls", "Recall desk", "coordinator"),
    ("reader", "CT reader", "reader"),
    ("lab", "Laboratory interface", "integrator"),
    ("admin", "Administrator", "admin"),
)
_PATIENCE_S = 600.0  # an old PC needs minutes where a new one needs seconds


@dataclass(frozen=True, kw_only=True)
class _Demo:
    """A running throw-away instance."""

    settings: Settings
    address: str
    token: str
    password: str


def run(port: int, *, once: bool, patients: int) -> None:
    """Start an instance in a new folder, fill it, and serve it until it is interrupted; then forget it."""
    started = time.monotonic()
    signal.signal(signal.SIGTERM, _as_interrupt)  # a demo that is ended takes its web process and worker along
    home = Path(tempfile.mkdtemp(prefix="patient-twin-demo-"))
    try:
        with could_not(), _running(home, port) as running:
            _tell(f"dashboard: {running.address}   sign in as demo / {running.password}")
            _tell("others, same password: " + ", ".join(f"{name} ({role})" for name, _, role in _PEOPLE[1:]))
            _tell("(the page is there now; patients arrive while you look)")
            _fill(running, patients)
            summary = _wait(running) | {"seconds": round(time.monotonic() - started, 1)}
            if once:
                as_json(summary)
                return
            _tell(
                f"{summary['patients']} patients, {summary['facts']} facts, {summary['studies']} CT studies, "
                f"{summary['findings']} findings, {summary['recalls']} recalls after {summary['seconds']} s"
            )
            _tell(f"dashboard: {running.address}   sign in as demo / {running.password}   (Ctrl-C ends and forgets)")
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        _tell("ended; everything is forgotten")
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _running(home: Path, port: int) -> Iterator[_Demo]:
    free = _free_port(port)
    address = f"http://127.0.0.1:{free}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TWIN_")}
    environment.pop("DATABASE_URL", None)  # a demo never touches a real database
    environment |= {"TWIN_HOME": str(home), "TWIN_PUBLIC_URL": address, "TWIN_BEAT_SECONDS": "1"}
    environment["TWIN_LOG_LEVEL"] = "WARNING"
    settings = Settings(home=home, public_url=address).model_copy(update={"database_url": None})
    running = compose.instance(settings, migrated=False)
    session.make_forgetful(running.engine)  # before the schema is laid: hundreds of small writes
    migrate.upgrade(running.engine)
    password = secrets.token_urlsafe(9)
    with running.engine.begin() as connection:
        people = {
            username: accounts.create_user(
                connection, username=username, password=password, display_name=name, role=role, language="en"
            )
            for username, name, role in _PEOPLE
        }
        _, token = api_tokens.create_token(
            connection,
            people["lab"],
            name="demo import",
            scopes=["fhir.write", "import.write"],
            now=datetime.now(UTC),
            expires_at=datetime.now(UTC) + timedelta(days=1),
        )
    children = [
        subprocess.Popen([sys.executable, "-m", "twin", *words], env=environment)  # noqa: S603  # our own program
        for words in (["serve", "--port", str(free)], ["work"])
    ]
    try:
        _wait_for_page(address, children)
        yield _Demo(settings=settings, address=address, token=token, password=password)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # asked twice to end: what was begun here is ended in order
        for child in children:
            child.terminate()
        for child in children:
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
        running.engine.dispose()
        session.stop_embedded(home)


def _fill(running: _Demo, count: int) -> None:
    """Send simulated patients as FHIR bundles over HTTP, then the phantom CTs of two of them as archives."""
    from imaging.phantom import write_phantom  # after the page is there: nobody waits for these to load
    from twin import synth

    headers = {"Authorization": f"Bearer {running.token}"}
    cohort = synth.cohort(count, seed=SEED, until=datetime.now(UTC).date())
    with (
        httpx.Client(base_url=running.address, headers=headers, timeout=120) as client,
        typer.progressbar(cohort, label="patients", file=sys.stderr) as bar,
    ):
        for each in bar:
            _sent(client.post("/fhir", content=synth.encode(synth.bundle(each)), headers=_FHIR))
            correction = synth.correction(each)
            if correction is not None:
                _sent(client.post("/fhir", content=synth.encode(correction), headers=_FHIR))
        for number, each in enumerate(cohort[:CT_PATIENTS]):
            folder = running.settings.home_path / f"phantom-{number}"
            write_phantom(folder, _phantom(each, number))
            archive = Path(shutil.make_archive(str(folder), "zip", folder))
            with archive.open("rb") as handle:
                _sent(
                    client.post(
                        "/api/v1/imports",
                        params={"name": archive.name, "patient": each.mrn},
                        content=handle,
                        headers={"Content-Type": "application/zip"},
                    )
                )


def _phantom(patient: "SyntheticPatient", number: int) -> "Phantom":
    """A chest CT of half a year ago, with one planted nodule more for each patient."""
    from imaging.phantom import NODULE, Lesion, Phantom

    nodules = (NODULE, Lesion(centre_lps_mm=(70.0, 20.0, -20.0), diameter_mm=9.0))
    made = datetime.now(UTC).replace(hour=9, minute=30, second=0, microsecond=0, tzinfo=None) - timedelta(days=182)
    return Phantom(
        lesions=nodules[: number + 1],
        seed=SEED + number,
        patient_id=patient.mrn,
        study_at=made,
        patient_birth_date=patient.birth_date,
        patient_name="Simulated^Patient",
    )


_FHIR = {"Content-Type": "application/fhir+json"}


def _sent(response: httpx.Response) -> None:
    if response.is_error:
        typer.echo(f"twin: {response.request.url} answered {response.status_code}: {response.text[:400]}", err=True)
        raise typer.Exit(COULD_NOT)


def _wait(running: _Demo) -> dict[str, int]:
    """Wait until the worker has nothing left to do, and count what is there."""
    from sqlalchemy import text

    engine = session.connect(running.settings)
    deadline = time.monotonic() + _PATIENCE_S
    quiet = 0
    while quiet < 3 and time.monotonic() < deadline:
        with engine.connect() as connection:
            waiting = connection.execute(text(_WAITING)).scalar_one()
        quiet = quiet + 1 if waiting == 0 else 0
        time.sleep(1.0)
    with engine.connect() as connection:
        counts = connection.execute(text(_SUMMARY)).mappings().one()
    engine.dispose()
    return {name: int(count) for name, count in counts.items()}


_WAITING = """
select (select count(*) from twin where stale_since is not null)
     + (select count(*) from study where status = 'queued')
     + (select count(*) from import_run where status in ('uploaded', 'running'))
     + (select count(*) from outbox where status in ('waiting', 'claimed', 'handed_over'))
     + (select count(*) from procrastinate_jobs where status in ('todo', 'doing')
        and task_name in ('rescore', 'screen', 'measure', 'import', 'remind', 'deliver'))
"""
_SUMMARY = """
select (select count(*) from patient) as patients,
       (select count(*) from fact) as facts,
       (select count(*) from study where status = 'screened') as studies,
       (select count(*) from fact where kind = 'finding' and superseded_at is null) as findings,
       (select count(*) from recall where state = 'open') as recalls,
       (select count(*) from outbox where status = 'sent') as reminders_sent
"""


def _wait_for_page(address: str, children: list[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if any(child.poll() is not None for child in children):
            break
        try:
            if httpx.get(f"{address}/healthz", timeout=2).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    typer.echo("twin: the demo's web process or worker did not start", err=True)
    raise typer.Exit(COULD_NOT)


def _free_port(wanted: int) -> int:
    for port in range(wanted, wanted + 50):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    typer.echo(f"twin: no free port from {wanted} on", err=True)
    raise typer.Exit(COULD_NOT)


def _as_interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _tell(text: str) -> None:
    typer.echo(text, err=True)
