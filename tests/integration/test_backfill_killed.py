"""Many studies by two workers, both killed (SIGKILL) on the way: the rest is taken up, and nothing is there twice."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from tests.builders import bundle, patient
from tests.dicom_sending import draw, tiny
from twin import backfill, imports, intake
from twin.errors import UnreadableInput
from twin.scan.folder import receive
from twin.settings import Settings
from twin.store import studies
from twin.store.tables import dicom_instance, study

ROOT = Path(__file__).parents[2]
STUDIES, PATIENCE_S = 12, 120.0


@contextmanager
def workers(engine: Engine, home: Path, count: int = 2) -> Iterator[list["subprocess.Popen[bytes]"]]:
    environment = os.environ | {
        "DATABASE_URL": engine.url.render_as_string(hide_password=False).replace("+psycopg", ""),
        "TWIN_HOME": str(home), "TWIN_BEAT_SECONDS": "0.5", "TWIN_STALLED_SECONDS": "2", "TWIN_LOG_LEVEL": "ERROR",
        "TWIN_DISK_FREE_GB": "0",
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.integration.killable"]
    with ExitStack() as ending:
        started = []
        for _ in range(count):
            process = subprocess.Popen(command, env=environment, cwd=ROOT)
            ending.callback(process.wait)
            ending.callback(process.kill)
            started.append(process)
        yield started


def until(is_so: object, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < deadline, f"not within {PATIENCE_S} s: {what}"
        time.sleep(0.1)


def one(engine: Engine, query: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def test_a_backfill_that_is_killed_goes_on_and_does_everything_once(engine: Engine, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    intake.take_bundle(engine, bundle(patient()), source="h", actor="t", atomic=True, now=now)
    for seed in range(1, STUDIES + 1):
        draw(tmp_path / "studies" / f"{seed:02d}", tiny(seed=seed, slices=4))
    home = tmp_path / "home"
    begun = backfill.enter(engine, tmp_path / "studies", actor="t", now=now)
    assert len(begun) == STUDIES
    with workers(engine, home) as doomed:
        until(lambda: one(engine, "select count(*) from study") >= 2, "something is imported")
        for process in doomed:
            process.send_signal(signal.SIGKILL)
        for process in doomed:
            assert process.wait() == -signal.SIGKILL
    assert not backfill.reached(engine, begun).is_done
    assert backfill.enter(engine, tmp_path / "studies", actor="t", now=now) == begun, "it is joined, not begun again"
    with workers(engine, home):
        until(lambda: backfill.reached(engine, begun).is_done, "the backfill is done")
    reached = backfill.reached(engine, begun)
    assert (reached.imported, reached.failed, reached.series, reached.waiting) == (STUDIES, 0, STUDIES, 0)
    images = "select count(*) from dicom_instance i join study s on s.id = i.study_id where s.modality = 'CT'"
    assert one(engine, images) == 4 * STUDIES, "what was measured meanwhile is kept beside them"
    assert one(engine, "select count(*) from fact where kind = 'imaging_study'") == STUDIES
    assert one(engine, "select count(*) from study where status in ('screened', 'refused')") == STUDIES
    assert len(list((tmp_path / "studies").rglob("*.dcm"))) == 4 * STUDIES, "what is elsewhere stays there"
    kept = {path.name for path in (home / "dicom").glob("??/*") if path.is_file()}
    with engine.connect() as connection:
        contents = select(dicom_instance.c.sha256).join(study).where(study.c.modality == "CT")
        assert kept.issuperset(connection.execute(contents).scalars())


def test_a_ct_that_arrives_during_a_backfill_comes_first(engine: Engine, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    told = Settings(home=tmp_path / "home", disk_free_gb=0, DATABASE_URL=None)
    intake.take_bundle(engine, bundle(patient()), source="h", actor="t", atomic=True, now=now)
    for seed in (1, 2):
        draw(tmp_path / "studies" / str(seed), tiny(seed=seed))
    draw(tmp_path / "fresh", tiny(seed=3))
    for import_id in backfill.enter(engine, tmp_path / "studies", actor="t", now=now):
        imports.import_upload(engine, told, import_id, lambda: now)
    receive(engine, told, tmp_path / "fresh", name="fresh", actor="t", patient=None, now=now)
    with engine.connect() as connection:
        waiting = studies.queued(connection, 10, now)
        late = studies.backfilled(connection, waiting)
    assert len(waiting) == 3
    assert late == set(waiting[1:])


def test_nothing_there_is_said(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="empty"):
        backfill.enter(engine, tmp_path, actor="t", now=datetime.now(UTC))
