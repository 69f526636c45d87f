"""Does the import stay as fast while the database grows? Resources a second at 0, 1 and 10 million facts.

python bench/slow/import_flat.py [MILLIONS ...]     default: 0 1 10

The database is filled by COPY with copies of simulated patients (`twin/synth`), each under an id, ledger rows and dates
of its own, so that every index grows as it would in service. Each level imports the same number of new simulated
patients, three times with other names; the fastest counts.
"""

import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from twin import compose, intake, synth
from twin.importers.base import Context
from twin.importers.content import Content
from twin.intake import Asked
from twin.settings import Settings
from twin.store.session import driver_connection

PATIENTS = 60
ROUNDS = 3
_TABLES = ("patient", "patient_identifier", "patient_version", "import_item", "fact")


def bundles(seed: int, count: int) -> list[bytes]:
    until = datetime.now(UTC).date()
    return [synth.encode(synth.bundle(each)) for each in synth.cohort(count, seed=seed, until=until)]


def bring(engine: Engine, contents: list[bytes], source: str) -> int:
    now = datetime.now(UTC)
    asked = Asked(source=source, actor="bench", context=Context(now=now))
    return sum(intake.take(engine, Content.of(each, "a.json"), asked).read for each in contents)


def fastest(engine: Engine, contents: list[bytes], level: int) -> tuple[float, float]:
    """Return resources a second of the fastest first time and of the fastest second time."""
    first, again = [], []
    for number in range(ROUNDS):
        source = f"level-{level}-{number}-{uuid.uuid4().hex[:6]}"
        renamed = [each.replace(b"SYN0", f"{source}-0".encode()) for each in contents]
        for rates, sent in ((first, renamed), (again, renamed)):
            started = time.perf_counter()
            read = bring(engine, sent, source)
            rates.append(read / (time.perf_counter() - started))
    return max(first), max(again)


def columns_of(engine: Engine, table: str) -> list[str]:
    with engine.connect() as connection:
        asked = "select column_name from information_schema.columns where table_name = :t order by ordinal_position"
        return list(connection.execute(text(asked), {"t": table}).scalars())


def template(engine: Engine) -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
    """Return the rows of one imported cohort, a table at a time, as text."""
    found = {}
    with engine.connect() as connection:
        for table in _TABLES:
            columns = columns_of(engine, table)
            asked = ", ".join(f'"{column}"::text' for column in columns)
            rows = connection.execute(text(f"select {asked} from {table}")).all()  # our own names
            found[table] = (columns, [tuple(row) for row in rows])
    return found


def fill(engine: Engine, rows: dict[str, tuple[list[str], list[tuple[Any, ...]]]], facts: int) -> None:
    """Add copies of the template until there are so many facts."""
    per_copy = len(rows["fact"][1])
    with engine.connect() as connection:
        have = int(connection.execute(text("select count(*) from fact")).scalar_one())
    copies = max(0, -(-(facts - have) // per_copy))
    for start in range(0, copies, 50):
        with engine.begin() as connection:
            top = {
                table: int(connection.execute(text(f"select coalesce(max(id), 0) from {table}")).scalar_one())
                for table in ("patient_version", "import_item", "fact")
            }
            some = range(start, min(start + 50, copies))
            for table in _TABLES:
                columns, _ = rows[table]
                names = ", ".join(f'"{column}"' for column in columns)
                cursor = driver_connection(connection).cursor()
                with cursor, cursor.copy(f"copy {table} ({names}) from stdin") as copy:
                    for lines in _copies(rows, table, some, top):
                        copy.write(lines)
            for table in ("patient_version", "import_item", "fact"):
                connection.execute(
                    text(f"select setval(pg_get_serial_sequence('{table}', 'id'), (select max(id) from {table}))")
                )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))
        connection.execute(text("checkpoint"))


def _copies(rows: Any, table: str, some: range, top: dict[str, int]) -> Iterator[bytes]:
    columns, template_rows = rows[table]
    highest_item = max(int(row[rows["import_item"][0].index("id")]) for row in rows["import_item"][1])
    highest = max((int(row[columns.index("id")]) for row in template_rows), default=0) if table in top else 0
    for number in some:
        tag = f"{number}-{top['import_item']}"
        step = (number - some.start) * (highest + 1) + top.get(table, 0)
        item_step = (number - some.start) * (highest_item + 1) + top["import_item"]
        lines = []
        for row in template_rows:
            fields = []
            for column, value in zip(columns, row, strict=True):
                if value is None:
                    fields.append("\\N")
                elif column in ("patient_id",) or (table == "patient" and column == "id"):
                    fields.append(str(uuid.uuid5(uuid.NAMESPACE_OID, f"{value}/{tag}")))
                elif column == "id":
                    fields.append(str(int(value) + step))
                elif column == "item_id":
                    fields.append(str(int(value) + item_step))
                elif column in ("value", "fingerprint", "item_key") and table in ("patient_identifier", "import_item"):
                    fields.append(_escaped(f"{value}/{tag}"))
                else:
                    fields.append(_escaped(value))
            lines.append("\t".join(fields))
        yield ("\n".join(lines) + "\n").encode()


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def main() -> None:
    levels = [int(each) for each in sys.argv[1:]] or [0, 1, 10]
    with tempfile.TemporaryDirectory() as home:
        running = compose.instance(Settings(home=Path(home), DATABASE_URL=None))
        engine = running.engine
        contents = bundles(1, PATIENTS)
        bring(engine, bundles(2, 20), "warm-up")
        bring(engine, bundles(3, 40), "template")
        rows = template(engine)
        base: float | None = None
        for level in levels:
            started = time.perf_counter()
            fill(engine, rows, level * 1_000_000)
            with engine.connect() as connection:
                facts = int(connection.execute(text("select count(*) from fact")).scalar_one())
            filled = time.perf_counter() - started
            first, again = fastest(engine, contents, level)
            base = base or first
            print(
                f"{facts:>12,} facts (filled in {filled:.0f} s): first time {first:,.0f}/s"
                f" = {first / base:.2f} of the smallest, again {again:,.0f}/s",
                flush=True,
            )
        engine.dispose()


if __name__ == "__main__":
    main()
