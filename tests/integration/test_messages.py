"""HL7 v2 over a line, on a real PostgreSQL: what is stored, what is answered, and that nothing is written twice."""

import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text

from alerts.clock import SystemClock
from twin import compose, messages
from twin.settings import Settings
from twin.store.alerts import PostgresAlerts
from twin.store.tables import fact, import_reject
from twin.store.tables import patient as patients

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", DATABASE_URL=None, mllp_port=0)


def oru(control: str = "1", value: str = "88", unit: str = "umol/L", status: str = "F", mrn: str = "4711") -> bytes:
    lines = (
        rf"MSH|^~\&|LAB|H|TWIN|H|20261101080000+0000||ORU^R01^ORU_R01|{control}|P|2.5.1",
        f"PID|1||{mrn}^^^H^MR||Prüfung^Frieda||19600504|F",
        "OBR|1||F-77^LAB|24320-4^Basic metabolic panel^LN|||20261101070000+0000|||||||||||||||20261101075000+0000|||F",
        f"OBX|1|NM|14682-9^Creatinine^LN||{value}|{unit}^^UCUM|||||{status}",
    )
    return "\r".join(lines).encode() + b"\r"


def take(engine: Engine, settings: Settings, message: bytes) -> str:
    answer = messages.take_message(engine, settings, message, source="h", actor="test", now=NOW)
    return answer.decode("latin-1")


def code(answer: str) -> str:
    return next(line.split("|")[1] for line in answer.split("\r") if line.startswith("MSA"))


def values(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        asked = text("select value from fact where kind = 'observation' and superseded_at is null order by id")
        return list(connection.execute(asked).scalars())


def count(engine: Engine, table: object) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def test_a_result_is_stored_and_accepted_and_the_same_message_again_writes_nothing(
    engine: Engine, settings: Settings
) -> None:
    assert code(take(engine, settings, oru())) == "AA"
    assert values(engine) == ["88"]
    facts = count(engine, fact)
    assert code(take(engine, settings, oru())) == "AA"
    assert code(take(engine, settings, oru(control="2"))) == "AA"
    assert count(engine, fact) == facts


def test_a_corrected_result_supersedes(engine: Engine, settings: Settings) -> None:
    take(engine, settings, oru())
    corrected = oru(control="2", value="108", status="C").replace(b"20261101080000", b"20261102080000")
    assert code(take(engine, settings, corrected)) == "AA"
    assert values(engine) == ["108"]


def test_a_value_that_is_not_believed_is_accepted_with_a_warning_and_waits(engine: Engine, settings: Settings) -> None:
    answer = take(engine, settings, oru(unit="parsec"))
    assert code(answer) == "AA"
    assert "ERR" in answer
    assert "88" not in answer.split("MSA", 1)[1]
    assert count(engine, import_reject) == 1


def test_a_date_that_is_none_refuses_the_message_and_says_where(engine: Engine, settings: Settings) -> None:
    answer = take(engine, settings, oru().replace(b"20261101070000+0000", b"20261341070000"))
    assert code(answer) == "AE"
    assert "OBX" in answer or "OBR" in answer


def test_another_version_is_rejected_by_name(engine: Engine, settings: Settings) -> None:
    answer = take(engine, settings, oru().replace(b"|P|2.5.1", b"|P|3.0"))
    assert code(answer) == "AR"
    assert count(engine, patients) == 0


def framed(message: bytes) -> bytes:
    return b"\x0b" + message + b"\x1c\r"


def converse(port: int, sent: list[bytes]) -> list[str]:
    """Send messages over one connection and return what is answered to each."""
    answers = []
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        for message in sent:
            line.sendall(framed(message))
            got = b""
            while not got.endswith(b"\x1c\r"):
                piece = line.recv(65536)
                assert piece, "the listener left"
                got += piece
            answers.append(got[1:-2].decode("latin-1"))
    return answers


def test_messages_over_mllp_are_stored_before_they_are_accepted(engine: Engine, settings: Settings) -> None:
    running = compose.Instance(
        settings=settings, engine=engine, alerts=PostgresAlerts(engine), clock=SystemClock(zone=UTC)
    )
    with compose.listening(running) as listener:
        assert listener is not None

        def sender(number: int) -> list[str]:
            return converse(listener.port, [oru(control=f"{number}-{n}", mrn=str(number % 2)) for n in range(5)])

        with ThreadPoolExecutor(4) as pool:
            answers = [answer for some in pool.map(sender, range(4)) for answer in some]
    assert [code(answer) for answer in answers] == ["AA"] * 20
    assert count(engine, patients) == 2
    assert values(engine) == ["88", "88"]


def test_a_message_that_leaves_demographics_out_does_not_blank_them(engine: Engine, settings: Settings) -> None:
    take(engine, settings, oru())
    bare = oru(control="2", value="99").replace("Prüfung^Frieda||19600504|F".encode(), b"|||")
    assert code(take(engine, settings, bare.replace(b"F-77", b"F-78"))) == "AA"
    with engine.connect() as connection:
        row = connection.execute(select(patients)).one()
    assert (row.name, row.sex, str(row.birth_date)) == ("Prüfung, Frieda", "female", "1960-05-04")
