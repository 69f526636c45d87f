"""What a panel says of a gene that its curve takes into account, in both languages."""

import re

import pytest

from tests.unit.forecast.test_genes import CARRIER, KIDNEY, READ, TWO_RISK
from tests.unit.forecast.timelines import NOW, timeline
from twin.record.fact import Fact
from twin.snapshot import build, to_json
from twin.web.dashboard.panels import organ_page
from twin.web.dashboard.render import environment
from twin.web.dashboard.shown import Body

PANEL = '{% include "_panel.html" %}'


def organ(key: str, *facts: Fact) -> Body:
    body = to_json(build(timeline(facts), now=NOW))
    return next(each for each in body["organs"] if each["key"] == key)


def shown(body: Body, key: str, language: str = "en") -> str:
    panel = next(each for each in organ_page(body).panels if each.key == key)
    text = environment(language).from_string(PANEL).render(organ=body, panel=panel, patient_id=1)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "en",
            r"Taken into account: PCSK9 R46L: −12 % · J Am Coll Cardiol .*? · checked against the source · "
            r"an average, mostly of people of European ancestry · forecast in 12 months ([\d.]+), without it ([\d.]+)",
        ),
        (
            "zh_CN",
            r"已计入：PCSK9 R46L：−12 % · J Am Coll Cardiol .*? · 平均值，研究对象多为欧洲血统 · "
            r"12个月后预测 ([\d.]+)，不计入时 ([\d.]+)",
        ),
    ],
)
def test_panel_tells_a_gene_with_its_source_its_people_and_the_forecast_without_it(language: str, told: str) -> None:
    body = organ("vascular", *READ[:1], CARRIER)
    (ldl,) = (each for each in body["signals"] if each["key"] == "ldl_c")
    (gene,) = (each for each in ldl["moved_by"] if each["people"])
    assert gene["in_a_year"]["median"] < gene["in_a_year"]["without"]
    found = re.search(told, shown(body, "ldl_c", language))
    assert found is not None
    said = (float(each) for each in found.groups())
    assert tuple(said) == pytest.approx((gene["in_a_year"]["median"], gene["in_a_year"]["without"]), abs=0.05)


def test_slope_is_told_a_year() -> None:
    text = shown(organ("kidney", *KIDNEY, *TWO_RISK), "creatinine")
    assert re.search(r"APOL1 G1/G2, ×2: \+0.2 % a year · Grams ME; .*? · an average of African Americans", text)


def test_twin_computed_before_there_were_genes_is_shown_without() -> None:
    body = organ("kidney", *KIDNEY)
    for signal in body["signals"]:
        for each in signal["moved_by"]:
            del each["people"], each["in_a_year"]
    assert "Taken into account: age" in shown(body, "creatinine")
