"""The pages in a real Chromium: what a clinician does in a morning, by mouse, by keyboard, on a phone, in Chinese."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from sqlalchemy import Engine, select

from tests.browser import simulated
from tests.web_serving import PASSWORD, Site, serving
from twin.settings import Settings
from twin.store import tables
from twin.web.dashboard.render import STATIC

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
INKED = (
    "canvas => { const {width, height} = canvas; const at = canvas.getContext('2d').getImageData(0, 0, width, height)"
)
INKED += ".data; let seen = new Set(); for (let k = 0; k < at.length; k += 4) if (at[k + 3]) seen.add(at[k] * 65536 +"
INKED += " at[k + 1] * 256 + at[k + 2]); return seen.size; }"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium. Where CI promises one, a missing one is a failure, not a skip."""
    if CHROMIUM is None or not (STATIC / "dist" / "manifest.json").is_file():
        missing = "Chromium" if CHROMIUM is None else "the bundles (npm run build)"
        if os.environ.get("CI"):
            pytest.fail(f"{missing} must be there")
        pytest.skip(f"{missing} is not there")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield running
        running.close()


@pytest.fixture
def site(engine: Engine, settings: Settings) -> Iterator[Site]:
    with engine.begin() as connection:
        simulated.seed(connection)
    with serving(engine, settings, simulated.NOW) as running:
        running.user("clinician")
        yield running


class Watched:
    """A page that remembers every complaint of the browser."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address = address
        self.complaints: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def sign_in(self) -> Page:
        self.page.goto(self.address)
        self.page.fill("[name=username]", "clinician")
        self.page.fill("[name=password]", PASSWORD)
        self.page.press("[name=password]", "Enter")
        expect(self.page.locator("[data-worklist], .empty")).to_be_visible()
        return self.page


@pytest.fixture
def watched(browser: Browser, site: Site) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    made = Watched(context, site.address)
    yield made
    context.close()
    assert made.complaints == [], "console errors or violations of the content policy"


@pytest.fixture
def page(watched: Watched) -> Page:
    return watched.sign_in()


def open_patient(page: Page, name: str = "Wang, Li") -> None:
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.wait_for_load_state()  # its scripts have run: a link clicked before them is a link to another page


def test_the_worklist_shows_a_recall_with_reason_and_due_date(page: Page) -> None:
    row = page.locator("tr", has_text="Wang, Li")
    expect(row).to_contain_text("likely to pass 2.67")
    expect(row).to_contain_text("13 Oct")
    expect(row).to_contain_text("overdue")
    expect(row.locator("svg")).to_be_visible()


def test_the_charts_of_a_patient_are_drawn(page: Page) -> None:
    open_patient(page)
    charts = page.locator(".panel .chart canvas")
    expect(charts).to_have_count(10)
    for chart in charts.all():
        chart.scroll_into_view_if_needed()
        assert chart.evaluate(INKED) > 20, "a drawn chart has more than a ground"
    assert page.locator("[data-lane] canvas").evaluate(INKED) > 5


def test_one_cursor_runs_through_all_panels(page: Page) -> None:
    open_patient(page)
    page.locator("[data-panel='score-fib4-value'] canvas").wait_for()
    page.locator("[data-panel='signal-hdl_c'] canvas").wait_for()
    box = page.locator("[data-panel='score-fib4-value'] .chart").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] - 20, box["y"] + 40)
    expect(page.locator("[data-panel='score-fib4-value'] .readout")).to_contain_text("forecast")
    expect(page.locator("[data-panel='signal-hdl_c'] .readout")).to_contain_text("80 % between")
    page.mouse.move(box["x"] + 100, box["y"] + 40)
    expect(page.locator("[data-panel='signal-hdl_c'] .readout")).to_contain_text("mmol/L")


def test_a_number_says_where_it_came_from(page: Page) -> None:
    open_patient(page)
    page.locator("[data-panel='signal-creatinine'] .latest a").click()
    sheet = page.get_by_role("dialog")
    expect(sheet).to_be_visible()
    for words in ("mg/dL", "2160-0", "bundle-2026-11.json", "clinic-north", "release time of the source"):
        expect(sheet).to_contain_text(words)
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(page.locator("[data-panel='signal-creatinine'] .latest a")).to_be_focused()


def test_a_dot_in_a_chart_says_where_it_came_from(page: Page, site: Site) -> None:
    open_patient(page)
    chart = page.locator("[data-panel='signal-sbp'] .chart")
    chart.locator("canvas").wait_for()
    address = page.url + "/organs/vascular.json"
    newest = page.request.get(address).json()["charts"]["signal-sbp"]["points"][-1]
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box
    x = box["x"] + 40 + (box["width"] - 50) * share(newest[0])
    for y in range(0, int(box["height"]), 4):
        page.mouse.click(x, box["y"] + y)
        if page.get_by_role("dialog").is_visible():
            break
    expect(page.get_by_role("dialog")).to_contain_text("8480-6")


def share(time_ms: float) -> float:
    """Where a time lies in the five years before today and the 550 days of forecast after it."""
    today, day = simulated.NOW.timestamp() * 1000, 86_400_000
    start, end = today - 5 * 365.25 * day, today + 550 * day
    return (time_ms - start) / (end - start)


def test_a_table_stands_beside_each_chart(page: Page) -> None:
    open_patient(page)
    panel = page.locator("[data-panel='signal-alt']")
    expect(panel.locator("table")).to_be_hidden()
    panel.get_by_role("button", name="Table").click()
    expect(panel.locator("table")).to_be_visible()
    expect(panel.locator("table")).to_contain_text("forecast")
    panel.get_by_role("link", name="All 22 values").click()
    expect(page.locator("table")).to_contain_text("no: implausible value")


def test_snooze_and_undo_by_keyboard(page: Page, site: Site) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("tr:focus")).to_contain_text("Wang, Li")
    page.keyboard.press("s")
    expect(page.locator("tr input[type=date]:focus")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("tr.done")).to_contain_text("Snoozed until 6 Dec 2026.")
    expect(page.locator("#counts")).to_contain_text("Snoozed2")
    page.keyboard.press("u")
    expect(page.locator("tr.done")).to_have_count(0)
    expect(page.locator("tr:focus")).to_contain_text("Wang, Li")
    expect(page.locator("#counts")).to_contain_text("Snoozed1")
    assert [event["kind"] for event in events_of(site)] == ["opened", "snoozed", "unsnoozed"]


def events_of(site: Site) -> list[dict[str, object]]:
    """What was done to the FIB-4 recall of the first patient."""
    recall, event = tables.recall, tables.recall_event
    first = next(simulated.cast()).id
    asked = (
        select(event)
        .join(recall, recall.c.id == event.c.recall_id)
        .where(recall.c.patient_id == first, recall.c.key == "liver/fib4>2.67")
        .order_by(event.c.id)
    )
    with site.engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(asked)]


def test_approve_and_take_a_recall_by_keyboard(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator("tr:focus .owner")).to_contain_text("approved")
    page.keyboard.press("m")
    expect(page.locator("tr:focus .owner")).to_contain_text("me")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Wang, Li")


def test_a_recall_is_closed_with_a_reason_on_the_patient_page(page: Page) -> None:
    open_patient(page)
    block = page.locator(".whynow").first
    block.get_by_text("Not needed", exact=True).first.click()
    block.locator("select[name=reason]").select_option("declined")
    block.get_by_role("button", name="Close the recall").click()
    expect(page.locator(".whynow .done")).to_contain_text("The patient declines")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".whynow").first).to_contain_text("Proposed")


def test_a_refusal_is_told_where_the_person_looks(page: Page, watched: Watched) -> None:
    page.keyboard.press("j")
    page.keyboard.press("n")
    page.locator("tr details[open] select[name=reason]").select_option("other")
    page.locator("tr details[open] form[data-action=close] button").click()
    expect(page.locator(".refusal")).to_contain_text("Something is missing or does not fit")
    assert all("422" in complaint for complaint in watched.complaints)
    watched.complaints.clear()


def test_search_opens_by_slash(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("Chen")
    page.keyboard.press("Enter")
    expect(page.locator("table")).to_contain_text("Chen, Jian")


def test_the_page_reads_in_chinese(page: Page) -> None:
    page.get_by_role("button", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    open_patient(page)
    expect(page.locator("main")).to_contain_text("天门冬氨酸氨基转移酶")
    expect(page.locator("main")).to_contain_text("为何现在")


def test_another_day_is_shown_when_the_worker_has_it(page: Page, site: Site) -> None:
    open_patient(page)
    page.locator("#as-of").fill("2025-06-30")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".empty")).to_contain_text("Being computed")
    compute_view(site)
    expect(page.locator(".notice")).to_contain_text("at the end of 30 Jun 2025", timeout=15_000)
    page.locator(".panel .chart canvas").first.wait_for()


def compute_view(site: Site) -> None:
    """Do what the worker does, with the stored twin standing in for the one of that day."""
    with site.engine.begin() as connection:
        (asked,) = connection.execute(select(tables.twin_view)).all()
        body = connection.execute(select(tables.twin.c.body).where(tables.twin.c.patient_id == asked.patient_id))
        organs = connection.execute(
            select(tables.forecast.c.body).where(tables.forecast.c.patient_id == asked.patient_id)
        )
        whole = {**body.scalar_one(), "organs": list(organs.scalars()), "as_of": asked.as_of.isoformat()}
        connection.execute(tables.twin_view.update().values(body=whole, computed_at=simulated.NOW))


@pytest.mark.parametrize(
    "path", ["/", "/reading", "/patients", "/imports", "/imports/1", "/rules", "/inbox", "patient"]
)
def test_nothing_scrolls_sideways_on_a_phone(page: Page, site: Site, path: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    where = f"/patients/{next(simulated.cast()).id}" if path == "patient" else path
    page.goto(site.address + where)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_page_prints_with_its_tables(page: Page) -> None:
    open_patient(page)
    page.emulate_media(media="print")
    expect(page.locator("[data-panel='signal-alt'] table")).to_be_visible()
    expect(page.locator(".top")).to_be_hidden()


def test_without_scripts_the_page_has_tables_for_charts(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = Watched(context, site.address).sign_in()
    page.get_by_role("link", name="Wang, Li").click()
    expect(page.locator("[data-panel='signal-alt'] table")).to_be_visible()
    expect(page.locator("[data-panel='signal-alt'] .chart")).to_be_hidden()
    context.close()


def test_light_and_dark_are_kept(page: Page) -> None:
    page.get_by_role("button", name="Light or dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_screens_for_the_eye(browser: Browser, site: Site, tmp_path: Path) -> None:
    for width, scheme in ((1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
        page = Watched(context, site.address).sign_in()
        page.screenshot(path=tmp_path / f"worklist-{width}-{scheme}.png", full_page=True)
        open_patient(page)
        page.locator(".chart[data-drawn]").first.wait_for()
        page.screenshot(path=tmp_path / f"patient-{width}-{scheme}.png", full_page=True)
        context.close()
    assert len(list(tmp_path.glob("*.png"))) == 8


@pytest.mark.parametrize("with_script", [True, False])
def test_a_pair_is_linked_and_parted_again(browser: Browser, site: Site, with_script: bool) -> None:
    with site.engine.begin() as connection:
        other = simulated.second_record(connection)
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=with_script)
    watched = Watched(context, site.address)
    page = watched.sign_in()
    page.goto(f"{site.address}/identity")
    pair = page.get_by_role("region", name="Pair 1")
    expect(pair).to_contain_text("day and month swapped")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    pair.get_by_label("Reason").fill("ID card seen")
    pair.get_by_role("button", name="Link as one patient").click()
    expect(page.get_by_text("No pair waits")).to_be_visible()
    page.goto(f"{site.address}/patients/{other}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Wang, Li")
    expect(page.get_by_text("merged from")).to_be_visible()
    page.get_by_label("Reason for undoing").fill("two people after all")
    page.get_by_role("button", name="Undo the merge").click()
    expect(page.get_by_text("merged from")).to_have_count(0)
    page.goto(f"{site.address}/patients/{other}")
    expect(page.get_by_role("heading", level=1)).to_have_text("WANG^LI")
    context.close()
    assert watched.complaints == []


def test_the_pages_carry_their_content_policy(site: Site) -> None:
    policy = httpx.get(site.address + "/sign-in").headers["content-security-policy"]
    assert "unsafe" not in policy and "default-src 'self'" in policy
