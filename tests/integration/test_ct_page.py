"""The CT part of a patient's page and its API: what was measured, what was not and why, and what was found."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, text, update

from imaging.catalogue import entries
from imaging.segment.own import NUMBERS
from tests.browser import simulated
from tests.web_serving import Site, serving
from twin.settings import Settings
from twin.store import tables
from twin.web.dashboard.ct import ORGANS
from twin.web.dashboard.ct_findings import FINDINGS, PLACES
from twin.web.dashboard.ct_found import found
from twin.web.dashboard.ct_reasons import in_words

PATIENT = next(simulated.cast(1)).id


def number(key: str, value: float | None, sd: float | None, unit: str, **more: object) -> dict[str, Any]:
    base = {"key": key, "value": value, "sd": sd, "unit": unit, "refused": None, "level": None, "method": "drawn"}
    return base | {"source": "a paper"} | more


def body(diameter: float, *more: Mapping[str, Any], contrast: str = "none") -> dict[str, Any]:
    return {
        "fitness": {"contrast": contrast, "unfit": {"calcium": "contrast was given (aorta 411 HU)"}, "cautions": {}},
        "measurements": [
            number("aorta_diameter_mm", diameter, 0.62, "mm", level="mid ascending"),
            number("lung_volume_ml", 3720.24, 62.9, "mL", caution="slices of 2.5 mm, best at most 1.5 mm"),
            number("agatston", None, None, "{score}", level="coronary", refused="contrast was given (aorta 411 HU)"),
            *more,
        ],
        "not_looked_for": {"renal_mass": "kidney left is not labelled"},
        "regions": [
            {"rank": 1, "kind": "solid", "measurements": [number("nodule_volume_mm3", 2752.4, 300.0, "mm3")]},
        ],
    }


@pytest.fixture(scope="module")
def site(database: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with database.begin() as connection:
        connection.execute(text(f"truncate {', '.join(tables.metadata.tables)} restart identity cascade"))
        simulated.seed(connection, simulated.cast(1))
        study = tables.study
        later = connection.execute(select(study)).one()
        earlier = {
            "patient_id": PATIENT, "series_uid": "1.2.9.1", "study_uid": "1.2.9", "import_id": later.import_id,
            "status": "screened", "screening": {"regions": []}, "received_at": later.received_at,
            "described": {**later.described, "kernel": "B30f"}, "screened_at": later.screened_at,
            "acquired_at": later.acquired_at - timedelta(days=365),
        }  # fmt: skip
        before = connection.execute(insert(study).values(earlier).returning(study.c.id)).scalar_one()
        described = {**later.described, "kernel": "B70f"}
        connection.execute(update(study).where(study.c.id == later.id).values(described=described))
        for number_of, told in ((before, body(38.1)), (later.id, body(40.5))):
            row = {"study_id": number_of, "revision": 0, "version": "t", "body": told, "measured_at": simulated.NOW}
            connection.execute(insert(tables.study_measurement).values(row))
    url = database.url.render_as_string(hide_password=False)
    with serving(
        database, Settings(home=tmp_path_factory.mktemp("ct"), DATABASE_URL=url), simulated.NOW
    ) as running:  # fmt: skip
        yield running


@pytest.fixture(scope="module")
def page(site: Site) -> str:
    return site.person("clinician").get(f"/patients/{PATIENT}").text


@pytest.fixture(scope="module")
def chinese(site: Site) -> str:
    return in_chinese(site)


def in_chinese(site: Site) -> str:
    client = site.person("coordinator")
    assert client.post("/language", data={"language": "zh_CN"}).status_code == 303
    return client.get(f"/patients/{PATIENT}").text


def test_a_number_stands_with_its_error_level_method_and_source(page: str) -> None:
    for words in ("Measured: 2 numbers", "aortic diameter", "mid ascending", "40.5 ± 0.6 mm", "3720 ± 60 mL"):
        assert words in page, words
    assert "drawn; a paper" in page and "slices of 2.5 mm, best at most 1.5 mm" in page


def test_what_was_not_measured_says_why(page: str) -> None:
    assert "Not measured or not looked for: 2" in page
    assert "calcium score (Agatston) (coronary arteries)</b>: contrast was given (aorta 411 HU)" in page
    assert "renal mass</b>: left kidney is not labelled" in page


def test_a_change_beyond_both_errors_is_real_and_the_kernel_is_named(page: str) -> None:
    assert "38.1 ± 0.6 · +2.4 mm · <b>real change</b>" in page
    assert "the kernel changed from B30f to B70f" in page
    assert "3720 ± 60 · 0 mL · <b>no real change</b>" in page


def test_the_api_tells_the_same(site: Site) -> None:
    client = site.program("clinician", "record.read")
    (newest,) = [each["id"] for each in client.get("/api/v1/studies").json()["studies"] if each["regions"]]
    told = client.get(f"/api/v1/studies/{newest}").json()["measured"]
    aorta, lungs, calcium = told["measurements"]
    assert (aorta["value"], aorta["level"], aorta["change"]["verdict"]) == (40.5, "mid ascending", "changed")
    assert aorta["change"]["least_real"] == pytest.approx(1.96 * 0.62 * 2**0.5)
    assert aorta["change"]["differs"] == ["the kernel changed from B30f to B70f"]
    assert lungs["change"]["verdict"] == "no_real_change"
    assert calcium["refused"] == told["unfit"]["calcium"] == "contrast was given (aorta 411 HU)"
    assert told["regions"][0]["kind"] == "solid" and told["not_looked_for"] == {
        "renal_mass": "kidney left is not labelled"
    }


def test_a_chinese_page_says_measures_and_reasons_in_chinese(chinese: str) -> None:
    for words in (
        "主动脉直径",
        "升主动脉中段",
        "已用对比剂（主动脉 CT 值 411 HU）",
        "未标出左肾",
        "卷积核由 B30f 换为 B70f",
        "实质变化",
    ):
        assert words in chinese, words
    assert "contrast was given" not in chinese and "is not labelled" not in chinese


def test_a_region_most_like_normal_tissue_has_no_size(site: Site, page: str) -> None:
    assert "2800 ± 300 mm³" in page
    match = {"case": "a", "label": "normal tissue: lung vessel; automatic label", "similarity": 0.97, "ratings": {}}
    table = tables.key_slice
    with site.engine.begin() as connection:
        region = connection.execute(select(table.c.region).where(table.c.rank == 1)).scalars().first()
        told = {**(region or {}), "matches": [match], "known": False}
        connection.execute(update(table).where(table.c.rank == 1).values(region=told))
    shown = site.person("clinician").get(f"/patients/{PATIENT}").text
    assert "Most like normal tissue: lung vessel" in shown and "2800 ± 300 mm³" not in shown
    assert "Outside what the bank of annotated cases knows" in shown and "97 % alike" not in shown
    assert "最像正常组织：肺血管" in in_chinese(site)


def test_many_places_of_a_finding_are_one_line() -> None:
    def item(detail: str, fact_id: int, key: str = "calcification", said_by: str = "GE, 2.5 mm") -> dict[str, object]:
        return {
            "key": key,
            "display": "x",
            "detail": detail,
            "fact_id": fact_id,
            "said_by": said_by,
            "at": "2026-01-02",
            "is_ours": said_by != "a report",
        }

    many = [item("0.029 mL", n) for n in range(130)] + [item("0.4 mL", 200), item("present", 7, said_by="a report")]
    lines = found({"findings": [*many, item("12.0 mm", 9, key="nodule")]})
    assert [(one.key, one.places, one.value, one.is_ours) for one in lines] == [
        ("nodule", 1, 12.0, True), ("calcification", 131, 0.4, True), ("calcification", 1, None, False),
    ]  # fmt: skip
    assert lines[1].fact_id == 200 and lines[2].said_by == "a report"


def test_every_finding_of_the_catalogue_has_a_name_and_a_place() -> None:
    assert set(FINDINGS) == {each.key for each in entries()}
    assert {place for place, _ in FINDINGS.values()} == set(PLACES)


def test_a_reason_nobody_knows_is_shown_as_it_came() -> None:
    assert in_words("the moon is full; no lung", str.upper) == "the moon is full; NO LUNG"
    assert in_words("liver: the mask is empty", str.upper) == "LIVER: THE MASK IS EMPTY"


def test_the_view_outlines_organs_by_the_numbers_of_our_own_segmenter() -> None:
    assert all(set(organ.numbers) <= set(NUMBERS[organ.key]) for organ in ORGANS if organ.key in NUMBERS)
    assert 1 not in {number for organ in ORGANS for number in organ.numbers}, "the rest of the body is left out"
