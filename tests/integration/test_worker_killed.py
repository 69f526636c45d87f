"""The chain from new data to a closed recall, with the worker killed (SIGKILL) anywhere: nothing lost, nothing twice.

Each kill point is a statement of the chain; the worker kills itself the moment before sending it, or the mail server
kills it after taking the message and before answering. Then an undisturbed worker goes on.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as Server
from aiosmtpd.smtp import Envelope, Session
from sqlalchemy import Engine, text

from tests.builders import bundle, lab, patient
from twin import intake
from twin.store import accounts

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0

MAIL_TAKEN = "the mail server answers"
MAIL_HANDED_OVER = "the mail is handed over"
MAIL_SENT = "the mail is noted as sent"
TO_MAIL = r"insert into outbox .*'email'"  # before it, an idle beat looks for messages to claim
KILL_BEFORE = {
    "a stale twin is taken": [r"update twin set queued_at"],
    "the recall is opened": [r"insert into recall "],
    "the opening is written down": [r"insert into recall_event .*opened"],
    "the twin is stored": [r"insert into twin "],
    "the twin is fresh again": [r"update twin set stale_since"],
    "the reminder is noted": [r"update recall set .*reminded"],
    "the reminder goes into the outbox": [r"insert into outbox"],
    "a message is claimed": [TO_MAIL, r"update outbox set .*'status': 'claimed'"],
    "the inbox message is written": [r"insert into inbox_message"],
    MAIL_HANDED_OVER: [TO_MAIL, r"update outbox set .*'status': 'handed_over'"],
    MAIL_SENT: [TO_MAIL, r"update outbox set .*'receipt': '250 "],
}


class Sink:
    """A real SMTP server that keeps what it takes, and may kill the sender before answering."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.victim: int | None = None

    async def handle_DATA(self, server: Server, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.taken.append(envelope.content)
        if self.victim is not None:
            os.kill(self.victim, signal.SIGKILL)
            self.victim = None
        return "250 OK"


@pytest.fixture
def sink() -> Iterator[tuple[Sink, int]]:
    handler = Sink()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


@contextmanager
def worker(engine: Engine, home: Path, smtp_port: int, *patterns: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {
        "DATABASE_URL": engine.url.render_as_string(hide_password=False).replace("+psycopg", ""),
        "TWIN_HOME": str(home),
        "TWIN_BEAT_SECONDS": "0.5",
        "TWIN_STALLED_SECONDS": "2",
        "TWIN_DELIVERY_LEASE_SECONDS": "2",
        "TWIN_LOG_LEVEL": "ERROR",
        "TWIN_SMTP_HOST": "127.0.0.1",
        "TWIN_SMTP_PORT": str(smtp_port),
        "TWIN_SMTP_SECURITY": "none",
        "TWIN_SMTP_FROM": "twin@example.org",
    }
    command = [sys.executable, "-m", "tests.integration.killable", *patterns]
    process = subprocess.Popen(command, env=environment, cwd=ROOT)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S} s: {what}"
        time.sleep(0.1)


def one(engine: Engine, query: str) -> Any:
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


def rising_hba1c(now: datetime) -> bytes:
    values = (5.6, 5.8, 6.1, 6.4, 6.7, 6.9)
    dates = [(now - timedelta(days=365 * (5 - n) + 5)).date().isoformat() for n in range(6)]
    return bundle(
        patient(), *[lab(f"h{n}", "4548-4", v, "%", at) for n, (v, at) in enumerate(zip(values, dates, strict=True))]
    )


def settled(engine: Engine) -> bool:
    """True when the reminder has gone out by both channels, or its mail is known to be uncertain."""
    return bool(
        one(
            engine,
            "select (select count(*) from outbox) = 2 and not exists"
            " (select 1 from outbox where status in ('waiting', 'claimed', 'handed_over'))"
            " and not exists (select 1 from twin where stale_since is not null)",
        )
    )


@pytest.mark.parametrize("point", [*KILL_BEFORE, MAIL_TAKEN])
def test_a_worker_killed_anywhere_loses_nothing_and_sends_nothing_twice(
    engine: Engine, tmp_path: Path, sink: tuple[Sink, int], point: str
) -> None:
    taken, port = sink
    now = datetime.now(UTC)
    with engine.begin() as connection:
        accounts.create_user(
            connection, username="desk", password="a long password", display_name="Desk", role="coordinator",
            email="desk@example.org",
        )  # fmt: skip
    intake.take_bundle(engine, rising_hba1c(now), source="h", actor="t", atomic=True, now=now)

    with worker(engine, tmp_path, port, *KILL_BEFORE.get(point, ())) as doomed:
        if point == MAIL_TAKEN:
            taken.victim = doomed.pid
        wait_until(lambda: doomed.poll() is not None, f"killed before: {point}")
        assert doomed.returncode == -signal.SIGKILL

    with worker(engine, tmp_path, port):
        wait_until(lambda: settled(engine), "the reminder went out after the restart")
        assert one(engine, "select count(*) from recall") == 1
        assert one(engine, "select count(*) from recall_event where kind = 'opened'") == 1
        assert one(engine, "select count(*) from recall_event where kind = 'reminded'") == 1
        assert one(engine, "select count(*) from inbox_message where kind = 'due'") == 1
        mail = one(engine, "select status from outbox where channel = 'email'")
        unsure = point in (MAIL_TAKEN, MAIL_SENT)
        assert len(taken.taken) == 1
        assert mail == ("uncertain" if unsure else "sent")
        if unsure:  # whether it arrived nobody can know; a person is told, and it is not sent again
            assert one(engine, "select count(*) from inbox_message where kind = 'uncertain'") == 1

        result = lab("h9", "4548-4", 6.1, "%", datetime.now(UTC).isoformat())
        intake.take_bundle(engine, bundle(result), source="h", actor="t", atomic=True, now=datetime.now(UTC))
        wait_until(lambda: one(engine, "select state from recall") == "closed", "the result closed the recall")
    assert len(taken.taken) == 1
    assert one(engine, "select closing->>'action' from recall") == "closed_by_result"


def test_a_worker_killed_while_it_closes_a_recall_closes_it_once(
    engine: Engine, tmp_path: Path, sink: tuple[Sink, int]
) -> None:
    _, port = sink
    now = datetime.now(UTC)
    intake.take_bundle(engine, rising_hba1c(now), source="h", actor="t", atomic=True, now=now)
    with worker(engine, tmp_path, port):
        wait_until(lambda: one(engine, "select count(*) from recall") == 1, "a recall is open")
    result = lab("h9", "4548-4", 6.1, "%", datetime.now(UTC).isoformat())
    intake.take_bundle(engine, bundle(result), source="h", actor="t", atomic=True, now=datetime.now(UTC))
    with worker(engine, tmp_path, port, r"insert into recall_event .*closed_by_result") as doomed:
        wait_until(lambda: doomed.poll() is not None, "killed while closing")
    assert one(engine, "select state from recall") == "open"
    with worker(engine, tmp_path, port):
        wait_until(lambda: one(engine, "select state from recall") == "closed", "the recall is closed")
    assert one(engine, "select count(*) from recall_event where kind = 'closed_by_result'") == 1
