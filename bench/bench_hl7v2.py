"""HL7 v2 parsing: messages a second on one core, beside python-hl7 in the same run.

python bench/bench_hl7v2.py [MESSAGES]     MESSAGES: how many results messages are made; default 5,000

End to end: the same messages as one file into an embedded PostgreSQL with its safe defaults, first and second time.

Ours reads each message to items (patient, facts with codes, times, status, keys, fingerprints); python-hl7 splits it
and gives every field of every OBX. The messages have 12 segments, six of them results: a small metabolic panel.
"""

import io
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import hl7

from twin import compose, intake
from twin.importers import hl7v2
from twin.importers.base import Context
from twin.importers.content import Content
from twin.intake import Asked
from twin.settings import Settings

PANEL = (
    ("2160-0^Creatinine^LN", "88", "umol/L", "62-106"),
    ("3094-0^Urea nitrogen^LN", "5.1", "mmol/L", "2.8-7.2"),
    ("2951-2^Sodium^LN", "140", "mmol/L", "136-145"),
    ("2823-3^Potassium^LN", "4.2", "mmol/L", "3.5-5.1"),
    ("1742-6^ALT^LN", "31", "U/L", "<50"),
    ("1920-8^AST^LN", "<8", "U/L", "<50"),
)


def message(number: int) -> bytes:
    """An ORU^R01 of one panel, made here; a tenth as many patients as messages."""
    patient, minute = (
        number % max(1, number // 10 + 1),
        f"2024{number % 12 + 1:02}{number % 28 + 1:02}{number % 24:02}30",
    )
    lines = [
        f"MSH|^~\\&|LIS|LAB^1.2.3.4^ISO|TWIN|CLINIC|{minute}45+0100||ORU^R01^ORU_R01|M{number}|P|2.5.1|||AL|NE",
        f"PID|1||{patient:07}^^^LAB&1.2.3.4&ISO^MR||{_name(patient)}||19{patient % 80 + 10}0{patient % 9 + 1}14|F",
        f"PV1|1|O|AMB^^^CLINIC||||77^Doe^Jane|||||||||||V{number}",
        f"ORC|RE|P{number}|F{number}^LIS||CM",
        f"OBR|1|P{number}|F{number}^LIS|24323-8^Metabolic panel^LN|||{minute}" + "|" * 15 + f"{minute}30|||F",
        *(
            f"OBX|{index}|NM|{code}||{value}|{unit}|{span}|N|||F|||{minute}||||ANA1^ROCHE"
            for index, (code, value, unit, span) in enumerate(PANEL, 1)
        ),
        "NTE|1|L|Specimen slightly haemolysed \\T\\ repeated",
    ]
    return "\r".join(lines).encode() + b"\r"


def _name(number: int) -> str:
    """A name of its own for each patient: in a clinic, too, few people share theirs."""
    syllables = [("ba", "ke", "lo", "mi", "nu", "ra", "se", "ti", "vo", "ya")[int(digit)] for digit in f"{number:04}"]
    return f"{''.join(syllables).capitalize()}^Erika^M"


def ours(content: bytes) -> int:
    """Return how many facts are read of a file of messages."""
    items = hl7v2.IMPORTER.read(Content.of(content, "bench.hl7"), Context(now=datetime.now(UTC)))
    return sum(len(item.facts) for item in items)


def theirs(content: bytes) -> int:
    """Return how many OBX python-hl7 gives, all fields asked for."""
    count = 0
    for text in content.decode().split("MSH")[1:]:
        for obx in hl7.parse("MSH" + text).segments("OBX"):
            count += bool([str(field) for field in obx])
    return count


def timed(read: Callable[[bytes], int], content: bytes) -> tuple[int, float]:
    """Return what a reader counted, and its best time of three in seconds."""
    best, count = float("inf"), 0
    for _ in range(3):
        started = time.perf_counter()
        count = read(content)
        best = min(best, time.perf_counter() - started)
    return count, best


def end_to_end(content: bytes, number: int) -> None:
    """Take the messages into a database twice and print messages a second."""
    with tempfile.TemporaryDirectory() as home:
        running = compose.instance(Settings(home=Path(home), DATABASE_URL=None))
        asked = Asked(source="warm-up", actor="bench", context=Context(now=datetime.now(UTC)))
        intake.take(running.engine, Content.of(b"".join(message(each) for each in range(50)), "a.hl7"), asked)
        asked = Asked(source="bench", actor="bench", context=Context(now=datetime.now(UTC)))
        for round_name in ("first time", "same messages again, in another file"):
            started = time.perf_counter()
            report = intake.take(running.engine, Content.of(content, "bench.hl7"), asked)
            seconds = time.perf_counter() - started
            print(f"into PostgreSQL, {round_name}: {number / seconds:,.0f} messages/s ({report.facts:,} facts)")
            content += b"\r"  # another file by its hash: every message is looked up
        running.engine.dispose()


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    file = io.BytesIO()
    for each in range(number):
        file.write(message(each))
    content = file.getvalue()
    print(f"{number:,} messages, {len(content) / 2**20:.1f} MB")
    for name, read, what in (("patient-twin", ours, "facts"), ("python-hl7", theirs, "OBX")):
        count, seconds = timed(read, content)
        print(f"{name}: {number / seconds:,.0f} messages/s ({count:,} {what})")
    end_to_end(content, number)


if __name__ == "__main__":
    main()
