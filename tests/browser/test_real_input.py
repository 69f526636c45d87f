"""Real exports and a real CT, through the real import and worker, to the page of a patient in a real browser."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine, text

from tests.browser.test_pages import INKED, Watched, browser  # noqa: F401  # the fixture
from tests.web_serving import serving
from twin import imports
from twin.settings import Settings
from twin.uploads import Told

pytestmark = [pytest.mark.browser, pytest.mark.shared_data]

ROOT = Path(__file__).parents[2]
PATIENCE_S = 240.0
FOLLOWED = ("creatinine", "ldl_c", "sbp")
NO_RECALL = {
    "evidence_too_old": "the newest results are more than three years old (the export ends in 2021)",
    "off_unverified": "the rule is not verified and nobody has switched it on",
    "answered": "the examination was done within a year",
}

LONG_FOLLOWED = """
select f.patient_id::text from fact f join patient p on p.id = f.patient_id
where f.signal = :signal and f.quality = 'ok' and p.birth_date < date '1999-01-01'
  and not exists (select 1 from fact d where d.patient_id = p.id and d.kind = 'death')
group by f.patient_id having max(f.observed_at) - min(f.observed_at) >= interval '5 years'
order by count(*) desc, f.patient_id limit 1
"""
WAITING = """
select (select count(*) from twin where stale_since is not null) + (select count(*) from study where status = 'queued')
"""


@contextmanager
def working(settings: Settings) -> Iterator[None]:
    """A real worker on this instance."""
    environment = os.environ | {
        "DATABASE_URL": str(settings.database_url),
        "TWIN_HOME": str(settings.home_path),
        "TWIN_BEAT_SECONDS": "0.5",
        "TWIN_LOG_LEVEL": "ERROR",
    }
    process = subprocess.Popen([sys.executable, "-m", "twin", "work"], env=environment, cwd=ROOT)
    try:
        yield
    finally:
        process.terminate()
        process.wait(240)  # a measurement that has begun is ended first


def one(engine: Engine, query: str, **given: object) -> object:
    with engine.connect() as connection:
        return connection.execute(text(query), given).scalar_one()


def test_a_real_patient_with_a_real_ct_has_a_page(
    engine: Engine,
    settings: Settings,
    shared_data: Path,
    browser: Browser,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    def taken(path: Path, patient: str | None = None) -> dict[str, object]:
        done = imports.import_path(
            engine, settings, path, source="test", actor="test", clock=lambda: datetime.now(UTC),
            told=Told(patient=patient),
        )  # fmt: skip
        return done.to_json()

    report = taken(shared_data / "ehr" / "synthea_r4_bundles.zip")
    assert report["read"] == 6899  # the count that the data's README gives
    assert report["patients"] == 21
    assert report["imported"] + report["rejected"] + report["not_used"] == 6899  # type: ignore[operator]
    whose = str(one(engine, LONG_FOLLOWED, signal="creatinine"))
    ct = taken(shared_data / "ct" / "chest_ge_lidc0001" / "dicom.tar.xz", whose)
    assert (ct["imported"], ct["rejected"]) == (1, 0)

    with working(settings):
        deadline = time.monotonic() + PATIENCE_S
        while one(engine, WAITING):
            assert time.monotonic() < deadline, "the worker has not finished"
            time.sleep(0.5)

    assert one(engine, "select count(*) from twin where error is not null") == 0
    with engine.connect() as connection:
        fired = connection.execute(text("select patient_id::text, rule_id from recall order by 1, 2")).all()
        quiet = connection.execute(
            text(
                "select q->>'key' as key, q->>'why' as why, count(*) from twin, jsonb_array_elements(quiet) q"
                " group by 1, 2 order by 1"
            )
        ).all()
    with capsys.disabled():
        print(f"\nrules that fired: {[rule for _, rule in fired] or 'none'}")
        for key, why, count in quiet:
            print(f"held back: {key} for {count} patient(s): {NO_RECALL[why]}")
    assert not fired, "no result of this export is younger than three years"
    assert {("vascular/ldl_c>=1.4", "evidence_too_old"), ("vascular/sbp>=140", "off_unverified")} <= {
        (row.key, row.why) for row in quiet
    }

    with serving(engine, settings, datetime.now(UTC)) as site:
        site.user("clinician")
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
        watched = Watched(context, site.address)
        page = watched.sign_in()
        page.goto(f"{site.address}/patients/{whose}")
        for signal in FOLLOWED:
            chart = page.locator(f"[data-panel='signal-{signal}'] .chart canvas").first
            chart.scroll_into_view_if_needed()
            assert chart.evaluate(INKED) > 20, f"{signal} is drawn"
        expect(page.locator("body")).to_contain_text("forecast")
        slices = page.locator("img[src*='/studies/']")
        assert slices.count() >= 1, "key slices of the CT"
        slices.first.scroll_into_view_if_needed()
        page.wait_for_function("image => image.complete && image.naturalWidth > 100", arg=slices.first.element_handle())
        expect(page.locator(".whynow.held")).to_contain_text("the newest result is more than three years old")
        page.screenshot(path=os.environ.get("SCREENSHOT", str(settings.home_path / "real.png")), full_page=True)
        context.close()
        assert watched.complaints == []
