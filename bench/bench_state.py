"""What is kept of twins: one new value to stored states, outlook, risks and recalls; and judging everybody again.

    python bench/bench_state.py [--people 100] [--patients 100000] [--model]

`--model`: a risk model on platelets is in use, fitted on drawn people as a site would on its own. `--people` different
simulated patients of ten years are computed whole; for the sweep each of them stands in the database as often as makes
`--patients`, facts left out: a sweep reads none. Every figure is with the database.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.unit.cohort import drawn_clinic
from twin import advance, compose, intake, rescore, sweep, synth
from twin.cohort import exporting, fitted, fitting, spec
from twin.models import files
from twin.models.shelf import Shelf
from twin.settings import Settings
from twin.store import models, people

_READY_S = 15.0  # a worker has loaded everything by then
PLATELETS = "777-3"  # what the model in use rests on
NEWS = {"4548-4": (5.9, "%"), "14682-9": (88.0, "umol/L"), "1742-6": (34.0, "U/L"), "13457-7": (3.1, "mmol/L")}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--people", type=int, default=100)
    asked.add_argument("--patients", type=int, default=100_000)
    asked.add_argument("--model", action="store_true", help="with a risk model in use")
    asked.add_argument("--shards", help="sweep these shards of the database at this address, and end")
    given = asked.parse_args()
    if given.shards:
        _worker(given.shards)
        return
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as home:
        running = compose.instance(Settings(home=Path(home), DATABASE_URL=None))
        if given.model:
            NEWS[PLATELETS] = (190.0, "10*9/L")
            _use_a_model(running, Path(home), now)
        whose = []
        for drawn in synth.cohort(given.people, seed=1, until=now.date()):
            content = synth.encode(synth.bundle(drawn))
            whose += intake.take_bundle(running.engine, content, source="b", actor="b", atomic=True, now=now).patients
        rescore.rescore(running.engine, running.alerts, running.settings, whose[0], now=now)  # the first call compiles
        started = time.perf_counter()
        for each in whose:
            rescore.rescore(running.engine, running.alerts, running.settings, each, now=now)
        seconds = time.perf_counter() - started
        print(f"whole twins computed, judged and stored: {len(whose) / seconds:.1f} a second, one process")
        _news(running, whose)
        _whole(running, whose)
        _sweeps(running, given.patients, now)
        running.engine.dispose()


def _use_a_model(running: compose.Instance, folder: Path, now: datetime) -> None:
    """Fit a model on 200 drawn people who are in no database, and put it to use."""
    written, out = spec.of(drawn_clinic.WRITTEN), folder / "drawn"
    exporting.export(written, drawn_clinic.people(200), out)
    made = fitting.fit(written, out, None, now.date())
    fitted.save(made.fitted, made.card, out / "local.model", now.date())
    with running.engine.begin() as connection:
        taken = files.take(connection, (out / "local.model").read_bytes(), actor="bench", now=now)
        models.activate(connection, taken.version, actor="bench", now=now)


def _news(running: compose.Instance, whose: list[str]) -> None:
    shelf, taken, left = Shelf(), [], 0
    for number, each in enumerate(whose):
        code, (value, unit) = list(NEWS.items())[number % len(NEWS)]
        at = datetime.now(UTC)
        fact = _fact(f"news-{number}", _subject(running, each), code, value, unit, at)
        intake.take_bundle(running.engine, fact, source="b", actor="b", atomic=True, now=at)
        started = time.perf_counter()
        done = advance.advance(running.engine, running.settings, each, now=datetime.now(UTC), shelf=shelf)
        taken.append((time.perf_counter() - started) * 1000)
        left += done is None
    for place, code in enumerate(NEWS):
        own = sorted(taken[len(NEWS) + place :: len(NEWS)])
        print(f"one new value of {code}: median {statistics.median(own):.1f} ms, at most {own[-1]:.1f} ms")
    taken = sorted(taken[len(NEWS) :])  # the first of each compiles
    print(
        f"one new value to stored states, outlook and recalls: median {statistics.median(taken):.1f} ms, "
        f"p95 {taken[int(len(taken) * 0.95)]:.1f} ms, {left} of {len(whose)} left to the whole"
    )


def _whole(running: compose.Instance, whose: list[str]) -> None:
    """One new value all the way: imported, the whole twin computed, recalls judged, all stored."""
    taken = []
    for number, each in enumerate(whose[:25]):
        at = datetime.now(UTC)
        fact = _fact(f"whole-{number}", _subject(running, each), "2160-0", 1.0, "mg/dL", at)
        started = time.perf_counter()
        intake.take_bundle(running.engine, fact, source="b", actor="b", atomic=True, now=at)
        rescore.rescore(running.engine, running.alerts, running.settings, each, now=datetime.now(UTC))
        taken.append((time.perf_counter() - started) * 1000)
    taken.sort()
    print(
        f"one new value imported, the whole twin made and stored: median {statistics.median(taken):.0f} ms, "
        f"p95 {taken[int(len(taken) * 0.95)]:.0f} ms"
    )


def _subject(running: compose.Instance, whose: str) -> str:
    with running.engine.connect() as connection:
        patient = people.get_patient(connection, whose)
    named = next(one for one in patient.identifiers if one.kind == "MR")
    return f"Patient?identifier={named.system}|{named.value}"


def _sweeps(running: compose.Instance, patients: int, now: datetime) -> None:
    url = running.engine.url.render_as_string(hide_password=False)
    for count in (patients // 2, patients):
        _fill(running, count, now)
        for workers in (1, 2):
            with running.engine.begin() as connection:
                connection.execute(text("update twin set judged_at = :then, stale_since = null"), {"then": now})
                connection.execute(text("analyze twin"))
            go = time.time() + _READY_S
            parts = [[sys.executable, __file__, "--shards", f"{url} {part} {workers} {go}"] for part in range(workers)]
            with ThreadPoolExecutor(workers) as pool:
                told = list(pool.map(lambda part: subprocess.check_output(part, text=True), parts))
            rows = [list(map(float, line.split())) for line in told]
            seconds = max(end for _, _, _, end in rows) - min(begin for _, _, begin, _ in rows)
            judged, changed = sum(row[0] for row in rows), sum(row[1] for row in rows)
            print(
                f"{judged:.0f} twins judged again by {workers} worker(s): {seconds:.1f} s, "
                f"{judged / seconds:.0f} a second, {changed:.0f} to be computed anew"
            )


def _worker(shards: str) -> None:
    """Sweep every `of`-th shard, and tell how many, how many changed, and from when to when."""
    url, part, of, go = shards.split()
    settings = Settings(DATABASE_URL=url)
    engine = compose.instance(settings).engine
    at = datetime.now(UTC) + timedelta(days=2)
    mine = sweep.due(engine, settings, at)[int(part) :: int(of)]
    time.sleep(max(0.0, float(go) - time.time()))  # all begin at once
    begin = time.time()
    done = [sweep.sweep(engine, settings, *each, at) for each in mine]
    print(sum(each.judged for each in done), sum(each.changed for each in done), begin, time.time())


def _fill(running: compose.Instance, patients: int, now: datetime) -> None:
    """Let every computed twin stand in the database as often as makes `patients`."""
    with running.engine.begin() as connection:
        connection.execute(text("create table if not exists bench_first as select patient_id from twin"))
        base, have = (
            connection.execute(text(f"select count(*) from {name}")).scalar_one() for name in ("bench_first", "twin")
        )
        copies = {"from": have // base, "to": patients // base - 1}
        number = "cast(md5(patient_id::text || n) as uuid)"
        series = "generate_series(cast(:from as int), cast(:to as int)) n"
        connection.execute(
            text(
                "insert into patient (id, name, sex, birth_date)"
                f" select cast(md5(p.id::text || n) as uuid), p.name, p.sex, p.birth_date from {series}, patient p"
                " join bench_first on bench_first.patient_id = p.id"
            ),
            copies,
        )
        for table, columns in (
            ("twin", "computed_at, as_of, judged_at, look_at, revision, model_version, body, quiet"),
            ("organ_state", "organ, as_of, model_version, last_fact, signals, keys, lines"),
        ):
            connection.execute(
                text(
                    f"insert into {table} (patient_id, {columns}) select {number}, {columns} from {series}, {table}"
                    " join bench_first using (patient_id)"
                ),
                copies,
            )
    with running.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))


def _fact(name: str, subject: str, code: str, value: float, unit: str, at: datetime) -> bytes:
    return synth.encode(
        {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [
                {
                    "resource": {
                        "resourceType": "Observation",
                        "id": name,
                        "status": "final",
                        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
                        "subject": {"reference": subject},
                        "effectiveDateTime": at.isoformat(),
                        "valueQuantity": {"value": value, "code": unit, "system": "http://unitsofmeasure.org"},
                    }
                }
            ],
        }
    )


if __name__ == "__main__":
    main()
