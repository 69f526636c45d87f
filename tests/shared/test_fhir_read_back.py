"""Real patients sent to `/fhir` and read back: every resource to the letter, and found again by patient and code."""

import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.fhir_calls import Caller, caller, checked
from tests.web_serving import Site, serving
from twin.importers.fhir.scan import Scanner, skip
from twin.settings import Settings

pytestmark = pytest.mark.shared_data
BUNDLES = 3  # Synthea patients sent; each has some hundreds of resources


@pytest.fixture
def site(engine: Engine, settings: Settings, now: datetime) -> Iterator[Site]:
    with serving(engine, settings, now) as running:
        yield running


def bundles(shared_data: Path) -> Iterator[str]:
    """The texts of bundles of middling patients, whose type is that of a transaction."""
    with zipfile.ZipFile(shared_data / "ehr" / "synthea_r4_bundles.zip") as archive:
        files = sorted(
            (each for each in archive.infolist() if each.filename.endswith(".json")), key=lambda e: e.file_size
        )
        found = 0
        for each in files[len(files) // 2 :]:
            text = archive.read(each).decode()
            if '"Patient"' in text[:2_000] and found < BUNDLES:
                found += 1
                yield text


def texts(bundle: str) -> Iterator[str]:
    """The text of each entry's resource, as it stands in the bundle."""
    scanner = Scanner()

    def entry(at: int) -> int:
        def member(name: str, begin: int) -> int:
            _, end = scanner.value(bundle, begin)
            if name == "resource":
                found.append(bundle[begin:end])
            return end

        return scanner.members(bundle, at, member)

    def top(name: str, at: int) -> int:
        return scanner.elements(bundle, at, entry) if name == "entry" else scanner.value(bundle, at)[1]

    found: list[str] = []
    scanner.members(bundle, skip(bundle, 0), top)
    yield from found


def test_real_patients_are_read_back_to_the_letter_and_sent_again_write_nothing(site: Site, shared_data: Path) -> None:
    program = caller(site)
    seen: Counter[str] = Counter()
    for bundle in bundles(shared_data):
        as_batch = bundle.replace('"type": "transaction"', '"type": "batch"', 1)
        statuses = Counter(status(program.post("", as_batch.encode())))
        for text in texts(as_batch):
            resource = json.loads(text)
            read = program.get(f"/{resource['resourceType']}/{resource['id']}")
            seen[str(read.status_code)] += 1
            assert read.status_code == 404 or read.text == text
        facts = site.count("fact")
        again = Counter(status(program.post("", as_batch.encode())))
        assert site.count("fact") == facts and set(again) <= {"200", "202", "422"}
        seen.update({f"sent {code}": count for code, count in statuses.items()})
    print(dict(seen), site.count("fact"), "facts")
    assert seen["200"] > 500 and seen["404"] == seen["sent 202"] + seen["sent 422"]
    assert found_again(site, program) == site.count("patient")


def status(answered: object) -> Iterator[str]:
    for each in answered.json()["entry"]:  # type: ignore[attr-defined]
        yield each["response"]["status"][:3]


def found_again(site: Site, program: Caller) -> int:
    """How many patients' observations are all found by patient, over pages, each once."""
    complete = 0
    for entry in program.get("/Patient", _count=200).json()["entry"]:
        name = entry["resource"]["id"]
        total = program.get("/Observation", patient=name, _summary="count").json()["total"]
        path: str | None = f"/fhir/Observation?patient={name}&_count=50"
        ids: list[str] = []
        while path is not None:
            page = checked(program.client.get(path)).json()
            ids += [each["resource"]["id"] for each in page.get("entry", ())]
            following = [each["url"] for each in page["link"] if each["relation"] == "next"]
            path = following[0].removeprefix(site.settings.public_url) if following else None
        complete += len(ids) == len(set(ids)) == total > 0
    return complete
