"""The CT view in a real Chromium, drawn by software: slices, windows, boxes, keys, and no WebGL at all."""

import io
import os
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Playwright, expect, sync_playwright
from sqlalchemy import Engine

from tests.browser import drawn_volume, simulated
from tests.browser.test_pages import ARGUMENTS, CHROMIUM, Watched
from tests.web_serving import Site, serving
from twin.settings import Settings
from twin.web.dashboard.render import STATIC

pytestmark = pytest.mark.browser

SOFTWARE_WEBGL = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
NO_WEBGL = ("--disable-gpu", "--disable-3d-apis")
PATIENCE_MS = 60_000  # a drawn volume on one slow core


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """A Chromium to launch. Where CI promises one, a missing one is a failure, not a skip."""
    if CHROMIUM is None or not (STATIC / "dist" / "manifest.json").is_file():
        if os.environ.get("CI"):
            pytest.fail("Chromium and the bundles (npm run build) must be there")
        pytest.skip("Chromium or the bundles (npm run build) are not there")
    with sync_playwright() as running:
        yield running


def launched(playwright: Playwright, *more: str) -> Browser:
    arguments = [each for each in ARGUMENTS if each != "--disable-gpu"]
    return playwright.chromium.launch(executable_path=CHROMIUM, args=[*arguments, *more])


@pytest.fixture
def site(engine: Engine, settings: Settings) -> Iterator[Site]:
    with engine.begin() as connection:
        simulated.seed(connection, simulated.cast(1))
        drawn_volume.keep_labels(
            drawn_volume.keep_volume(connection, settings.home_path, drawn_volume.first_study(connection))
        )
    with serving(engine, settings, simulated.NOW) as running:
        running.user("clinician")
        yield running


@pytest.fixture(scope="module")
def drawing(playwright: Playwright) -> Iterator[Browser]:
    running = launched(playwright, *SOFTWARE_WEBGL)
    yield running
    running.close()


@pytest.fixture
def page(drawing: Browser, site: Site) -> Iterator[Page]:
    """The patient's page with the CT view swapped in and its slices drawn."""
    context = drawing.new_context(viewport={"width": 1000, "height": 700}, locale="en-GB")
    watched = Watched(context, site.address)
    made = watched.sign_in()
    open_ct(made)
    expect(made.locator("[data-ct]")).to_have_attribute("data-state", "shown", timeout=PATIENCE_MS)
    yield made
    context.close()
    complaints = [each for each in watched.complaints if "GPU stall" not in each]  # software drawing reads back slowly
    assert complaints == [], "console errors or violations of the content policy"


def open_ct(page: Page) -> None:
    page.get_by_role("link", name="Wang, Li").click()
    page.wait_for_load_state()
    page.get_by_role("link", name="Look through the slices").click()


def readout(page: Page) -> Locator:
    return page.locator("[data-readout]")


def picture(page: Page) -> Image.Image:
    """What the person sees of the slices, in grey."""
    return Image.open(io.BytesIO(page.locator(".ct-stage canvas").screenshot())).convert("L")


def share_brighter(page: Page, grey: int) -> float:
    shown = picture(page)
    return sum(shown.histogram()[grey:]) / (shown.width * shown.height)


def test_the_view_opens_on_the_highest_region_in_the_patient_s_page(page: Page, site: Site) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Wang, Li")
    expect(readout(page)).to_contain_text("slice 27/40")
    expect(readout(page)).to_contain_text("60 HU")
    assert page.locator(".ct-stage svg rect").count() == 1
    expect(page.locator(".ct-stage svg text")).to_have_text("1")
    assert site.audit(action="study.read", actor="user:clinician")[0]["patient_id"] == page.url.rsplit("/", 1)[1]


def test_the_box_lies_around_the_spot_it_stands_for(page: Page) -> None:
    stage, box = page.locator(".ct-stage").bounding_box(), page.locator(".ct-stage rect").bounding_box()
    assert stage and box
    shown = picture(page)
    centre = (box["x"] + box["width"] / 2 - stage["x"], box["y"] + box["height"] / 2 - stage["y"])
    outside = (centre[0] + 1.8 * box["width"], centre[1] + 1.8 * box["height"])  # lung beside spot and cross-hair
    at = [shown.getpixel((round(x), round(y))) for x, y in (centre, outside)]
    assert at[0] > 200 and 60 < at[1] < 110, at  # -850 HU in the lung window: a third of white
    assert shown.getpixel((3, 3)) < 20  # near-black, though the page is light
    assert centre[0] < stage["width"] / 2  # x of -61 mm is the patient's right: the left of the picture


def test_a_window_changes_what_is_bright(page: Page) -> None:
    lung = share_brighter(page, 60)
    page.get_by_role("button", name="Bone").click()
    expect(page.locator("[data-window=bone]")).to_have_attribute("aria-pressed", "true")
    bone = share_brighter(page, 140)
    assert lung > 0.2 and bone < 0.01, (lung, bone)


def test_everything_goes_by_keyboard(page: Page) -> None:
    page.locator("[data-slice]").focus()
    page.keyboard.press("ArrowUp")
    expect(readout(page)).to_contain_text("slice 28/40")
    page.keyboard.press("PageDown")
    expect(readout(page)).to_contain_text("slice 18/40")
    page.keyboard.press("n")
    expect(readout(page)).to_contain_text("slice 10/40")
    expect(page.locator(".ct-stage svg text")).to_have_text("2")
    page.keyboard.press("o")
    expect(page.locator(".ct-stage svg rect")).to_have_count(0)
    page.keyboard.press("o")
    page.keyboard.press("f")
    expect(page.locator(".ct-stage svg rect")).to_have_attribute("fill-opacity", "0.15")
    page.keyboard.press("2")
    expect(page.locator("[data-window=mediastinum]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("c")
    expect(page.locator("[data-view=coronal]")).to_have_attribute("aria-pressed", "true")
    expect(readout(page)).to_contain_text("/90")
    page.keyboard.press("m")
    expect(page.locator(".ct-stage svg rect")).to_have_count(3)


def test_organs_are_outlined_named_and_filled_only_on_demand(page: Page) -> None:
    legend = page.locator("[data-legend]")
    expect(legend).to_be_hidden()
    page.get_by_role("button", name="Show organs").click()
    expect(legend).to_be_visible(timeout=PATIENCE_MS)
    expect(legend).to_contain_text("lungs")
    expect(legend).not_to_contain_text("body")
    outlined = share_blue(page)
    page.locator("[data-toggle=filled]").click()
    expect(page.locator("[data-toggle=filled]")).to_have_attribute("aria-pressed", "true")
    assert 0.001 < outlined < 0.1, outlined
    assert share_blue(page) > 1.5 * outlined, "the fill is seen"


def share_blue(page: Page) -> float:
    """What part of the slices has the colour of the lungs' outline, as strong or as faint as it may be."""
    shown = Image.open(io.BytesIO(page.locator(".ct-stage canvas").screenshot())).convert("RGB")
    red, _, blue = (np.asarray(band, np.int16) for band in shown.split())
    return float((blue - red > 12).mean())


def test_nothing_scrolls_sideways_on_a_phone(drawing: Browser, site: Site) -> None:
    context = drawing.new_context(viewport={"width": 390, "height": 844}, locale="en-GB")
    page = Watched(context, site.address).sign_in()
    open_ct(page)
    expect(page.locator("[data-ct]")).to_have_attribute("data-state", "shown", timeout=PATIENCE_MS)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    context.close()


def test_without_webgl_it_says_so_and_the_key_slices_stand(playwright: Playwright, site: Site) -> None:
    plain = launched(playwright, *NO_WEBGL)
    page = Watched(plain.new_context(locale="en-GB"), site.address).sign_in()
    open_ct(page)
    expect(page.get_by_text("it has no WebGL 2")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_alt_text("Key slice of region 1 with its outline")).to_be_visible()
    plain.close()


def test_a_ct_whose_slices_are_not_kept_says_so(drawing: Browser, site: Site, settings: Settings) -> None:
    (kept,) = settings.home_path.glob("volumes/*/*/volume.nii.gz")
    kept.unlink()
    page = Watched(drawing.new_context(locale="en-GB"), site.address).sign_in()
    open_ct(page)
    expect(page.get_by_text("not kept ready on this instance")).to_be_visible()
