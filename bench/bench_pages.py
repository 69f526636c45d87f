"""How long do the worklist and a patient page take on the server, with a 30-year record among many patients?

    .venv/bin/python bench/bench_pages.py [--patients 2000] [--requests 200] [--visits 120]

Seeds a database of its own with simulated patients (one of them with 30 years and `--visits` visits; every patient has
one open recall), runs the application in a process of its own and asks it over HTTP, one request at a time, signed in.
Times are what the caller waits on this machine; p95 is over the requests after ten that are not counted.
"""

import argparse
import copy
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
from sqlalchemy import Connection, Engine, insert, select, text

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.browser import simulated
from twin.settings import Settings
from twin.store import accounts, migrate, session, tables

PASSWORD = "a long bench password"
UNCOUNTED = 10
SERVE = """
import sys
from pathlib import Path
from twin.settings import Settings
from twin.store import session
from twin.web.app import create_app, server
settings = Settings(home=Path(sys.argv[1]))
server(create_app(session.connect(settings), settings), host="127.0.0.1", port=int(sys.argv[2])).run()
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--patients", type=int, default=2000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--visits", type=int, default=120, help="of the patient with the 30-year record")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="patient-twin-bench-") as home:
        settings = Settings(home=Path(home))
        engine = session.connect(settings)
        migrate.upgrade(engine)
        patient_id = fill(engine, asked.patients, asked.visits)
        with engine.connect() as connection:
            asked_for = text("select count(*) from fact where patient_id = :id")
            facts = connection.execute(asked_for, {"id": patient_id}).scalar_one()
            print(f"{asked.patients} patients, as many open recalls; the page's patient has {facts} facts")
        with signed_in(Path(home)) as client:
            report(measure(client, patient_id, asked.requests))
        engine.dispose()


def fill(engine: Engine, patients: int, visits: int) -> str:
    """Write the patients and return the id of the one with 30 years; the others are copies of eight under new ids."""
    with engine.begin() as connection:
        (long_known,) = simulated.cast(1, years=30, visits=visits)
        first, *models = simulated.seed(connection, [long_known, *list(simulated.cast(9))[1:]])
        accounts.create_user(
            connection, username="bench", password=PASSWORD, display_name="Bench", role="clinician", language="en"
        )
    while patients > 9:
        count = min(patients - 9, 2_000)
        with engine.begin() as connection:
            copies(connection, models, count)
        patients -= count
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))
    return first


def copies(connection: Connection, models: Sequence[str], count: int) -> None:
    """Write copies of the model patients with their forecasts and recalls, but without their facts."""
    ids = [(str(uuid4()), models[k % len(models)]) for k in range(count)]
    for table, fresh in ((tables.patient, ("id",)), (tables.forecast, ()), (tables.twin, ()), (tables.recall, ("id",))):
        owner = "id" if table is tables.patient else "patient_id"
        rows = connection.execute(select(table).where(table.c[owner].in_(models))).mappings().all()
        by_owner: dict[str, list[dict[str, object]]] = {}
        for row in rows:
            by_owner.setdefault(row[owner], []).append(dict(row))
        made = []
        for new, model in ids:
            for row in copy.copy(by_owner[model]):
                made.append({**row, **({"id": str(uuid4())} if "id" in fresh else {}), owner: new})
        connection.execute(insert(table), made)


@contextmanager
def signed_in(home: Path) -> Iterator[httpx.Client]:
    """Run the application and yield somebody who is signed in to it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    running = subprocess.Popen([sys.executable, "-c", SERVE, str(home), str(port)], cwd=Path(__file__).parents[1])
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            wait_for(client)
            page = client.get("/sign-in").text
            token = re.search(r'name="csrf_token" value="([^"]+)"', page)
            assert token
            form = {"csrf_token": token[1], "username": "bench", "password": PASSWORD}
            assert client.post("/sign-in", data=form).status_code == 303
            yield client
    finally:
        running.terminate()
        running.wait(15)


def wait_for(client: httpx.Client) -> None:
    """Wait until the application answers."""
    for _ in range(200):
        try:
            client.get("/healthz")
            return
        except httpx.TransportError:
            time.sleep(0.2)
    raise SystemExit("the application did not start")


def measure(client: httpx.Client, patient_id: str, requests: int) -> dict[str, tuple[list[float], int]]:
    """Return milliseconds of each request and the size of the answer, by page."""
    pages = {
        "worklist": "/",
        "worklist, one organ": "/?organ=liver",
        "worklist, this week": "/?standing=week",
        "patient page, 30 years": f"/patients/{patient_id}",
        "charts of one organ": f"/patients/{patient_id}/organs/liver.json",
        "patients by name": "/patients?q=wang",
    }
    return {name: times(lambda path=path: client.get(path), requests) for name, path in pages.items()}  # type: ignore[misc]


def times(ask: Callable[[], httpx.Response], requests: int) -> tuple[list[float], int]:
    """Return milliseconds of each counted request, and bytes of the last answer."""
    found = []
    for k in range(requests + UNCOUNTED):
        start = time.perf_counter()
        answer = ask()
        if k >= UNCOUNTED:
            found.append((time.perf_counter() - start) * 1000)
        assert answer.status_code == 200, answer.status_code
    return found, len(answer.content)


def report(found: dict[str, tuple[list[float], int]]) -> None:
    """Print one line a page."""
    print(f"{'page':<26}{'median ms':>10}{'p95 ms':>9}{'max ms':>9}{'KB':>8}")
    for name, (milliseconds, size) in found.items():
        p95 = statistics.quantiles(milliseconds, n=20)[-1]
        middle = statistics.median(milliseconds)
        print(f"{name:<26}{middle:>10.1f}{p95:>9.1f}{max(milliseconds):>9.1f}{size / 1024:>8.0f}")


if __name__ == "__main__":
    main()
