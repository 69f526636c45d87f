"""FHIR import into PostgreSQL: resources a second, first and second time; reading alone beside fhir.resources.

python bench/bench_import.py [PATH]     PATH: a folder or archive of bundles; default: the Synthea sample beside
                                        the checkout, else simulated patients
"""

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from fhir.resources.R4B.bundle import Bundle

from twin import compose, imports, synth
from twin.importers.base import Context
from twin.importers.content import Content
from twin.importers.fhir import IMPORTER
from twin.settings import Settings

SAMPLE = Path(__file__).parents[2] / "shared" / "data" / "ehr" / "synthea_r4_bundles.zip"


def simulated(folder: Path) -> Path:
    """Write a hundred simulated patients' bundles into a folder."""
    for patient in synth.cohort(100, seed=1, until=datetime.now(UTC).date()):
        (folder / f"{patient.id}.json").write_bytes(synth.encode(synth.bundle(patient)))
    return folder


def timed(run: Callable[[], int]) -> tuple[int, float]:
    started = time.perf_counter()
    count = run()
    return count, time.perf_counter() - started


def peers() -> None:
    """Read simulated patients' bundles, no database: ours to items and facts, fhir.resources to validated objects."""
    contents = [synth.encode(synth.bundle(each)) for each in synth.cohort(20, seed=3, until=datetime.now(UTC).date())]
    context = Context(now=datetime.now(UTC))
    for name, read in (
        ("patient-twin", lambda each: sum(1 for _ in IMPORTER.read(Content.of(each), context))),
        ("fhir.resources", lambda each: len(Bundle.model_validate_json(each).entry)),
    ):
        read(contents[0])
        count, seconds = timed(lambda read=read: sum(read(each) for each in contents))  # type: ignore[misc]
        print(f"reading only, {name}: {count / seconds:,.0f} resources/s")


def main() -> None:
    peers()
    with tempfile.TemporaryDirectory() as home:
        if len(sys.argv) > 1:
            path = Path(sys.argv[1])
        elif SAMPLE.is_file():
            path = SAMPLE
        else:
            (Path(home) / "bundles").mkdir()
            path = simulated(Path(home) / "bundles")
        running = compose.instance(Settings(home=Path(home) / "home", DATABASE_URL=None))

        def once() -> int:
            return imports.import_path(
                running.engine, running.settings, path, source="bench", actor="bench", clock=lambda: datetime.now(UTC)
            ).read

        print(f"input: {path.name}")
        for round_name in ("first time", "same again"):
            count, seconds = timed(once)
            print(f"{round_name}: {count} resources in {seconds:.2f} s = {count / seconds:,.0f} resources/s")
        running.engine.dispose()


if __name__ == "__main__":
    main()
