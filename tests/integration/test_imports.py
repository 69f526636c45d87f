"""An import of files on a real PostgreSQL: it goes on where it stopped, can be cancelled, and writes nothing twice."""

import io
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, text

from tests.builders import bundle, lab, patient
from tests.integration.dying import Died, dies_at
from twin import imports, intake, quarantine
from twin.importers.base import Context, Item
from twin.importers.content import Content
from twin.importers.report import Report
from twin.intake import Asked
from twin.settings import Settings
from twin.store import ledger
from twin.store.tables import fact, import_item, import_reject, import_run
from twin.store.tables import patient as patients
from twin.taking import batches
from twin.uploads import Told

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MANY = 4_500  # more than two checkpoints
CREATININE = "14682-9"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", DATABASE_URL=None)


def bring(engine: Engine, settings: Settings, path: Path, **more: Any) -> Report:
    given = {"source": "h", "actor": "test", "clock": lambda: NOW} | more
    return imports.import_path(engine, settings, path, **given)


def take(engine: Engine, content: bytes, context: Context | None = None, **more: Any) -> Report:
    asked = Asked(source="h", actor="test", context=context or Context(now=NOW))
    return intake.take(engine, Content.of(content, "a.json"), asked, **more)


def many(count: int = MANY) -> bytes:
    labs = (lab(f"o{n}", CREATININE, 70 + n % 9, "umol/L", f"2020-01-01T00:{n % 60:02}:00Z") for n in range(count))
    return bundle(patient(), *labs, kind="collection")


def count(engine: Engine, table: Any) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_what_was_taken_before_a_death_stands_and_the_rest_follows(engine: Engine) -> None:
    content = many()
    with pytest.raises(Died):
        take(engine, content, on_progress=dies_at(2))
    assert count(engine, fact) == 3_999
    report = take(engine, content)
    assert (report.read, report.imported, report.duplicates) == (MANY + 1, MANY + 1, 0)
    assert report.facts == count(engine, fact) == count(engine, import_item) - 1 == MANY
    assert count(engine, import_run) == 1


def test_a_death_between_two_checkpoints_leaves_no_half_batch(engine: Engine) -> None:
    with pytest.raises(Died), dies_at.statement(engine, "update import_run", nth=2):
        take(engine, many())
    assert count(engine, fact) == 1_999
    assert take(engine, many()).imported == MANY + 1
    assert count(engine, fact) == MANY


def test_a_cancelled_import_ends_at_its_next_checkpoint_and_keeps_what_it_took(engine: Engine) -> None:
    def cancel(report: Report, position: int) -> None:
        with engine.begin() as connection:
            assert report.import_id is not None
            ledger.request_cancel(connection, report.import_id, NOW)

    with pytest.raises(intake.Cancelled):
        take(engine, many(), on_progress=cancel)
    assert count(engine, fact) == 1_999
    with engine.connect() as connection:
        run = connection.execute(select(import_run)).one()
    assert (run.status, run.items_done, run.report["imported"]) == ("cancelled", 2_000, 2_000)
    again = take(engine, many())
    assert (again.duplicates, again.imported) == (2_000, MANY - 1_999)


def test_progress_tells_how_much_is_read(engine: Engine) -> None:
    told: list[int] = []
    take(engine, many(), on_progress=lambda report, position: told.append(report.read))
    assert told == [2_000, 4_000, MANY + 1]


def test_a_file_that_was_taken_whole_is_known_by_its_hash(engine: Engine) -> None:
    first = take(engine, many(10))
    again = take(engine, many(10))
    assert (first.imported, again.duplicates, again.read, again.facts) == (11, 11, 11, 0)
    with engine.connect() as connection:
        assert connection.execute(select(import_run).order_by(import_run.c.id.desc())).first().options == {  # type: ignore[union-attr]
            "same_as": first.import_id
        }


def test_a_file_with_rejects_is_read_again(engine: Engine) -> None:
    content = bundle(patient(), lab("o", CREATININE, 80, "parsec", "2020"), kind="collection")
    for _ in range(2):
        report = take(engine, content)
        assert (report.rejected, report.rejects[0].reason) == (1, "bad_unit")
    assert count(engine, import_reject) == 1


def test_two_imports_of_one_file_at_the_same_time_write_it_once(engine: Engine, settings: Settings) -> None:
    def run(source: str) -> object:
        asked = Asked(source=source, actor="test", context=Context(now=NOW))
        try:
            return intake.take(engine, Content.of(many(), "a.json"), asked)
        except intake.AlreadyRunning as refused:
            return refused

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(run, ["h", "h", "other", "other"]))
    assert sum(isinstance(each, Report) for each in done) >= 2
    assert count(engine, patients) == 1
    assert count(engine, fact) == 2 * MANY  # two sources said it, each once


def test_two_requests_for_one_new_patient_make_one_patient(engine: Engine) -> None:
    def send(number: int) -> Report:
        content = bundle(patient(), lab(f"o{number}", CREATININE, 80, "umol/L", "2020"))
        return intake.take_bundle(engine, content, source="h", actor="t", atomic=True, now=NOW)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(send, range(12)))
    assert (count(engine, patients), count(engine, fact)) == (1, 12)


def test_a_result_before_its_patient_is_taken_once_the_patient_has_come(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "a.json").write_bytes(bundle(lab("o", CREATININE, 80, "umol/L", "2020"), kind="collection"))
    (folder / "b.json").write_bytes(bundle(patient(), kind="collection"))
    report = bring(engine, settings, folder)
    assert (report.imported, report.rejected, report.facts, report.rejects) == (2, 0, 1, ())


def test_a_reject_is_kept_as_received_and_replayed_when_its_patient_comes(engine: Engine, settings: Settings) -> None:
    take(engine, bundle(lab("o", CREATININE, 80, "umol/L", "2020"), kind="collection"))
    take(engine, bundle(patient(), kind="collection"))
    with engine.connect() as connection:
        (row,) = connection.execute(select(import_reject))
    assert row.reason == "unknown_patient"
    assert '"value": 80' in row.body
    done = quarantine.replay(engine, settings, [row.id], actor="test", now=NOW)
    assert (done.tried, len(done.settled), done.report.facts) == (1, 1, 1)
    with engine.connect() as connection:
        (row,) = connection.execute(select(import_reject))
    assert (row.status, row.resolved_by) == ("replayed", "test")
    assert quarantine.replay(engine, settings, [row.id], actor="test", now=NOW).settled == ()
    assert count(engine, fact) == 1


def test_a_replay_that_fails_again_leaves_the_reject_with_its_present_reason(
    engine: Engine, settings: Settings
) -> None:
    take(engine, bundle(lab("o", CREATININE, 80, "parsec", "2020"), kind="collection"))
    take(engine, bundle(patient(), kind="collection"))
    with engine.connect() as connection:
        (row,) = connection.execute(select(import_reject))
    assert quarantine.replay(engine, settings, [row.id], actor="test", now=NOW).settled == ()
    with engine.connect() as connection:
        (row,) = connection.execute(select(import_reject))
    assert (row.status, row.reason) == ("waiting", "bad_unit")
    assert count(engine, import_reject) == 1


def test_an_item_that_comes_again_sound_leaves_the_quarantine(engine: Engine) -> None:
    content = bundle(lab("o", CREATININE, 80, "umol/L", "2020"), kind="collection")
    take(engine, content)
    take(engine, bundle(patient(), kind="collection"))
    assert take(engine, content).imported == 1
    with engine.connect() as connection:
        assert connection.execute(select(import_reject.c.status)).scalar_one() == "replayed"


def test_a_version_that_comes_late_is_kept_as_history_and_supersedes_nothing(engine: Engine) -> None:
    def version(value: int, at: str) -> bytes:
        return bundle(patient(), lab("o", CREATININE, value, "umol/L", "2020", meta={"lastUpdated": at}))

    take(engine, version(90, "2021-02-02T00:00:00Z"))
    report = take(engine, version(80, "2021-01-01T00:00:00Z"))
    assert report.said[0].reason == "an earlier version than the one that stands: kept as history"
    with engine.connect() as connection:
        standing = connection.execute(text("select value from fact where superseded_at is null")).scalars().all()
    assert standing == ["90"]
    take(engine, version(80, "2021-01-01T00:00:00Z"))
    assert count(engine, fact) == 2


def test_nothing_in_a_message_was_measured_after_it_was_sent(engine: Engine) -> None:
    sent = bundle(patient(), lab("o", CREATININE, 80, "umol/L", "2020-06-01"), kind="collection")
    report = take(engine, sent.replace(b'"type"', b'"timestamp": "2020-01-01T00:00:00Z", "type"', 1))
    assert [(each.reason, each.detail) for each in report.rejects] == [
        ("impossible_date", "after the source's own time")
    ]


def test_shifted_dates_may_lie_in_the_future_where_the_sender_says_so(engine: Engine) -> None:
    content = bundle(patient(birth="2100-01-01"), lab("o", CREATININE, 80, "umol/L", "2150-01-01"), kind="collection")
    refused = take(engine, content)
    assert [each.reason for each in refused.rejects] == ["impossible_date", "unknown_patient"]
    assert count(engine, patients) == 0
    assert take(engine, content, Context(now=NOW, is_shifted=True)).facts == 1


def test_a_resource_reads_back_as_it_came_digit_for_digit(engine: Engine) -> None:
    given = b'{"resourceType": "Observation", "id": "o", "status":"final" , "valueQuantity":{"value":72.50}}'
    take(engine, b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":' + given + b"}]}")
    kept = bundle(patient(), lab("o", CREATININE, 80, "umol/L", "2020"), kind="collection").replace(b"80", b"80.00")
    take(engine, kept)
    with engine.connect() as connection:
        (resource,) = connection.execute(
            select(import_item.c.resource).where(import_item.c.kind == "Observation")
        ).scalars()
    assert '"value": 80.00' in resource
    assert resource.encode() in kept


def test_an_import_of_an_archive_is_one_import_with_its_files_under_it(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("p.json", bundle(patient(), kind="collection"))
        archive.writestr("x.bin", b"\x00\x01\x02 no format")
    report = bring(engine, settings, path)
    assert (report.imported, report.rejected) == (1, 1)
    assert [each.where for each in report.rejects] == [f"{path}!x.bin: the file"]
    with engine.connect() as connection:
        whole, *files = connection.execute(select(import_run).order_by(import_run.c.id)).all()
    assert [each.parent_id for each in files] == [whole.id]
    assert (whole.status, whole.report["read"]) == ("done", 2)


def test_what_names_nobody_is_the_patients_that_a_person_names(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    take(engine, bundle(patient(), kind="collection"))
    path = tmp_path / "o.json"
    resource = lab("o", CREATININE, 80, "umol/L", "2020")
    del resource["subject"]
    path.write_bytes(bundle(resource, kind="collection"))
    assert bring(engine, settings, path).rejected == 1
    assert bring(engine, settings, path, told=Told(patient="1")).facts == 1


def test_a_document_that_names_somebody_else_is_refused_for_the_named_patient(engine: Engine) -> None:
    take(engine, bundle(patient(), kind="collection"))
    take(engine, bundle(patient("p2", mrn="2"), kind="collection"))
    with engine.connect() as connection:
        other = connection.execute(
            text("select patient_id::text from patient_identifier where value = '2'")
        ).scalar_one()
    content = bundle(lab("o", CREATININE, 80, "umol/L", "2020"), kind="collection")
    report = take(engine, content, replace(Context(now=NOW), patient=str(other)))
    assert [each.reason for each in report.rejects] == ["two_patients"]


def test_an_identifier_of_somebody_with_another_name_and_birth_date_is_a_dispute_for_a_person(
    engine: Engine, settings: Settings
) -> None:
    take(engine, bundle(patient(), kind="collection"))
    other = patient("p9", birth="1999-12-31") | {"name": [{"family": "Anders", "given": ["Karl"]}]}
    content = bundle(other, lab("o", CREATININE, 80, "umol/L", "2020", subject="Patient/p9"), kind="collection")
    report = take(engine, content)
    assert [each.reason for each in report.rejects] == ["conflicting_demographics"] * 2
    assert count(engine, fact) == 0
    with engine.connect() as connection:
        ids = list(connection.execute(select(import_reject.c.id)).scalars())
        whose = connection.execute(select(patients.c.id)).scalar_one()
    assert quarantine.replay(engine, settings, ids, actor="test", now=NOW).settled == ()
    decided = quarantine.replay(engine, settings, ids, actor="test", now=NOW, patient=whose)
    assert (len(decided.settled), decided.report.facts) == (2, 1)


def test_a_new_surname_or_a_corrected_birth_date_is_the_same_person(engine: Engine) -> None:
    take(engine, bundle(patient(), kind="collection"))
    married = patient() | {"name": [{"family": "Neu", "given": ["Frieda"]}], "birthDate": "1960-05-05"}
    assert take(engine, bundle(married, kind="collection")).superseded == 1


def test_an_interrupted_import_of_a_path_is_the_same_import_when_it_goes_on(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.json", many())
        archive.writestr("b.json", bundle(lab("late", CREATININE, 80, "umol/L", "2020"), kind="collection"))

    def die_in_the_second_file(progress: imports.Progress) -> None:
        if progress.name.endswith("b.json"):
            raise Died

    with pytest.raises(Died):
        bring(engine, settings, path, on_progress=die_in_the_second_file)
    report = bring(engine, settings, path)
    assert (report.read, report.imported, report.duplicates) == (MANY + 2, MANY + 2, 0)
    with engine.connect() as connection:
        roots = connection.execute(select(import_run.c.status).where(import_run.c.parent_id.is_(None))).scalars().all()
    assert roots == ["done"]


def test_what_was_unpacked_stays_until_the_last_file_is_read(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in (("a.json", many(3_000)), ("b.json", bundle(patient("p2", mrn="2"), kind="collection"))):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("z")
        link.type = tarfile.SYMTYPE
        link.linkname = "/etc/passwd"
        archive.addfile(link)
    for _ in range(3):
        report = bring(engine, settings, path)
        assert (report.read, report.rejected) == (3_003, 1)
    assert not list((settings.home_path / "scratch").iterdir())


def test_the_same_file_under_another_source_says_nothing_new(engine: Engine) -> None:
    take(engine, many(10))
    asked = Asked(source="typo", actor="test", context=Context(now=NOW))
    report = intake.take(engine, Content.of(many(10), "a.json"), asked)
    assert (report.duplicates, report.facts, count(engine, fact)) == (11, 0, 10)
    assert report.said[-1].reason == "the same file came from the source h before: nothing of it is new"


def test_an_id_that_stands_for_another_patient_is_refused(engine: Engine) -> None:
    take(engine, bundle(patient(), patient("p2", mrn="2"), lab("o", CREATININE, 80, "umol/L", "2020")))
    moved = take(engine, bundle(lab("o", CREATININE, 90, "umol/L", "2020", subject="Patient/p2")))
    assert [each.reason for each in moved.rejects] == ["id_of_another"]
    assert count(engine, fact) == 1


def test_a_resource_that_is_only_kept_is_refused_under_anothers_id_too(engine: Engine) -> None:
    def claim(whose: str) -> dict[str, Any]:
        return {"resourceType": "Claim", "id": "c", "patient": {"reference": f"Patient/{whose}"}, "status": "active"}

    take(engine, bundle(patient(), patient("p2", mrn="2"), claim("p1")))
    report = take(engine, bundle(claim("p2")))
    assert [each.reason for each in report.rejects] == ["id_of_another"]
    assert report.not_used == 0


def test_a_patient_id_is_not_given_to_somebody_with_other_identifiers(engine: Engine) -> None:
    take(engine, bundle(patient()))
    other = patient(mrn="77", birth="1999-01-01") | {"name": [{"family": "Anders", "given": ["Karl"]}]}
    report = take(engine, bundle(other))
    assert [each.reason for each in report.rejects] == ["id_of_another"]
    assert count(engine, patients) == 1


def test_a_document_about_two_patients_is_taken_for_its_subject_only(engine: Engine) -> None:
    composition = {
        "resourceType": "Composition",
        "id": "c",
        "subject": {"reference": "Patient/p1"},
        "date": "2026-01-01",
    }
    mine, theirs = (lab(key, CREATININE, 80, "umol/L", "2020", subject=f"Patient/{whose}") for key, whose in
                    (("a", "p1"), ("b", "p2")))  # fmt: skip
    content = bundle(composition, patient(), patient("p2", mrn="2"), mine, theirs, kind="document")
    report = take(engine, content)
    assert [(each.where, each.reason) for each in report.rejects] == [
        ("Bundle.entry[2]", "two_patients"),
        ("Bundle.entry[4]", "two_patients"),
    ]
    assert (report.facts, count(engine, patients)) == (1, 1)


def test_a_batch_ends_where_its_texts_grow_large() -> None:
    items = [
        Item(key=str(n), fingerprint=str(n), kind="x", where=str(n), resource="x" * 5_000_000, not_used="large")
        for n in range(10)
    ]
    assert [len(batch) for batch in batches(iter(items))] == [4, 4, 2]
