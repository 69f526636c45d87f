"""An uploaded archive whose worker is killed (SIGKILL) anywhere in the import: the next worker ends it, once.

The worker kills itself the moment before sending a certain statement. What is compared is what an undisturbed import
makes of the same archive: the same report, the same facts.
"""

import io
import signal
import zipfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.builders import bundle, encode, lab, patient
from tests.integration.test_worker_killed import one, wait_until, worker
from twin import uploads
from twin.uploads import Told

NOBODY = 9  # a port on which no mail server listens
LABS = 4_500  # three checkpoints
READ = LABS + 3

KILL_BEFORE = {
    "the upload is begun": r"update import_run set status='?running|update import_run set status=.*running",
    "its first file has a row": r"insert into import_run",
    "the ledger gives ids": r"select nextval",
    "a checkpoint is written": r"update import_run set report",
    "the audit is told": r"insert into audit_event",
    "a file ends": r"update import_run set format",
}


def archive() -> bytes:
    """An NDJSON of three batches, and a bundle whose second result is refused."""
    labs = [lab(f"o{n}", "14682-9", 70 + n % 9, "umol/L", "2020-01-01") for n in range(LABS)]
    lines = b"\n".join(encode(each) for each in [patient(), *labs])
    small = bundle(
        lab("s1", "14682-9", 80, "umol/L", "2021-01-01"), lab("s2", "14682-9", 80, "parsec", "2021-01-01"),
        kind="collection",
    )  # fmt: skip
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.ndjson", lines)
        packed.writestr("b.json", small)
    return file.getvalue()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("point", KILL_BEFORE)
def test_an_import_killed_anywhere_is_ended_by_the_next_worker(engine: Engine, tmp_path: Path, point: str) -> None:
    path = tmp_path / "upload"
    path.write_bytes(archive())
    import_id = uploads.receive_upload(
        engine, path, name="a.zip", source="h", actor="test", told=asdict(Told()), now=datetime.now(UTC)
    )
    with worker(engine, tmp_path / "home", NOBODY, KILL_BEFORE[point]) as victim:
        assert victim.wait(120) == -signal.SIGKILL, "the point was never reached"
    with worker(engine, tmp_path / "home", NOBODY):
        wait_until(
            lambda: one(engine, f"select status in ('done', 'failed') from import_run where id = {import_id}"),
            "the import ends",
        )
    with engine.connect() as connection:
        run = connection.execute(text(f"select status, report from import_run where id = {import_id}")).one()
    told = {key: run.report[key] for key in ("read", "imported", "duplicates", "rejected", "facts")}
    assert run.status == "done"
    assert told == {"read": READ, "imported": READ - 1, "duplicates": 0, "rejected": 1, "facts": LABS + 1}
    assert one(engine, "select count(*) from fact") == LABS + 1
    assert one(engine, "select count(*) from patient") == 1
    assert one(engine, "select count(*) from import_reject where status = 'waiting'") == 1
    assert not path.exists()


def test_an_upload_nobody_can_take_fails_once_and_stays_where_it_lies(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(archive())
    import_id = uploads.receive_upload(
        engine, path, name="a.zip", source="h", actor="test", told={"of another version": 1}, now=datetime.now(UTC)
    )
    with worker(engine, tmp_path / "home", NOBODY):
        wait_until(lambda: one(engine, f"select status = 'failed' from import_run where id = {import_id}"), "it fails")
    assert "TypeError" in one(engine, f"select report::text from import_run where id = {import_id}")
    assert path.exists()
