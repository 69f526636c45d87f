"""How much memory does a large bulk export take? Peak resident memory while NDJSON of some gigabytes is imported.

python bench/slow/import_large.py [GIGABYTES [CHARACTERS]]     default: 5 0

CHARACTERS: give every tenth line a DocumentReference with an attachment of so many characters: an export of documents
is as large with fewer resources, and minutes instead of an hour.

The file is written from simulated patients (`twin/synth`) into the temporary folder, each copy under names of its own,
patients first. Memory is this process's own; the database is another process.
"""

import base64
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from twin import compose, imports, synth
from twin.imports import Progress
from twin.settings import Settings

COHORT = 50


def templates() -> list[tuple[str, list[str]]]:
    """Return of each simulated patient the number that names it, and its resources as lines."""
    found = []
    for each in synth.cohort(COHORT, seed=7, until=datetime.now(UTC).date()):
        bundle = json.loads(synth.encode(synth.bundle(each)))
        lines = [json.dumps(entry["resource"], ensure_ascii=False) for entry in bundle["entry"]]
        renamed = bundle["entry"][0]["fullUrl"]
        found.append((str(each.mrn), [line.replace(renamed, f"Patient/{each.id}") for line in lines]))
    return found


def document(subject: str, number: int, characters: int) -> bytes:
    """Return a DocumentReference with an attachment that does not compress."""
    data = base64.b64encode(random.Random(number).randbytes(characters * 3 // 4)).decode()
    resource = {
        "resourceType": "DocumentReference", "id": f"document-{number}", "status": "current",
        "subject": {"reference": subject}, "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
    }  # fmt: skip
    return json.dumps(resource).encode() + b"\n"


def lines(size: int, characters: int = 0) -> Iterator[bytes]:
    """Yield lines until there are so many bytes, one copy of the cohort after another."""
    known = templates()
    written = copy = count = 0
    while written < size:
        for mrn, resources in known:
            for line in resources:
                renamed = line.replace(mrn, f"{copy}-{mrn}").replace('"id": "', f'"id": "{copy}-', 1)
                renamed = renamed.replace('"family": "', f'"family": "{_name(copy)}', 1)  # else all copies look alike
                data = renamed.replace("Patient/", f"Patient/{copy}-").encode() + b"\n"
                written += len(data)
                yield data
                count += 1
                if characters and count % 10 == 0 and written < size:
                    attached = document(f"Patient/{copy}-none", count, characters)
                    written += len(attached)
                    yield attached
        copy += 1


def _name(copy: int) -> str:
    """A syllable a digit: people of different copies have different names."""
    return "".join("bacedifoguhajekilo"[2 * int(digit) % 18 :][:2] for digit in str(copy)).capitalize()


def resident_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    size = int(float(sys.argv[1]) * 2**30) if len(sys.argv) > 1 else 5 * 2**30
    characters = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / "export.ndjson"
        with path.open("wb") as file:
            for line in lines(size, characters):
                file.write(line)
        running = compose.instance(Settings(home=Path(home) / "home", DATABASE_URL=None))
        print(f"{path.stat().st_size / 2**30:.2f} GB of NDJSON; {resident_mb():.0f} MB resident before", flush=True)
        started = time.perf_counter()
        told = [0.0]

        def tell(reached: Progress) -> None:
            now = time.perf_counter()
            if now - told[0] > 30:
                told[0] = now
                rate = reached.report.read / (now - started)
                print(
                    f"{reached.bytes_done / 2**30:6.2f} GB  {reached.report.read:>10,} resources  {rate:,.0f}/s"
                    f"  peak {resident_mb():.0f} MB",
                    flush=True,
                )

        report = imports.import_path(
            running.engine, running.settings, path, source="bench", actor="bench", clock=lambda: datetime.now(UTC),
            on_progress=tell,
        )  # fmt: skip
        seconds = time.perf_counter() - started
        print(
            f"{report.read:,} resources ({report.rejected:,} rejected) in {seconds:.0f} s ="
            f" {report.read / seconds:,.0f}/s; peak {resident_mb():.0f} MB"
        )
        running.engine.dispose()


if __name__ == "__main__":
    main()
