"""The block of the genome on the page: the risk with it stands with the interval of its effect, or says why not."""

import re

import pytest

from tests.unit.forecast.test_genomics import METAGRS, healthy, polygenic
from tests.unit.forecast.timelines import NOW
from twin.forecast.genomics import PolygenicReference
from twin.snapshot import ForecastSettings, build, to_json
from twin.web.dashboard.render import environment
from twin.web.dashboard.shown import Body

BLOCK = '{% from "_origin.html" import origin %}{% include "_genomics.html" %}'


def vascular(ancestry: str) -> Body:
    known = PolygenicReference(mean=0.2, sd=0.1, ancestry=ancestry, source="made up for this test")
    body = to_json(build(healthy(polygenic(0.4)), now=NOW, settings=ForecastSettings(polygenic={METAGRS: known})))
    return next(each for each in body["organs"] if each["key"] == "vascular")


def page(organ: Body, language: str = "en") -> str:
    text = environment(language).from_string(BLOCK).render(organ=organ, patient_id=1)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_risk_with_the_genome_stands_with_its_interval() -> None:
    assert re.search(r"\d % [\d.]+ % \([\d.]+–[\d.]+\) \+[\d.]+", page(vascular("European")))


def test_twin_computed_before_there_was_an_interval_is_shown_without() -> None:
    organ = vascular("European")
    for effect in organ["genomics"]["effects"]:
        del effect["low"], effect["high"]
    assert re.search(r"\d % [\d.]+ % \+[\d.]+", page(organ))


@pytest.mark.parametrize(("language", "why"), [("en", "no effect per SD is known"), ("zh_CN", "未知该评分")])
def test_ancestry_without_a_published_effect_says_so(language: str, why: str) -> None:
    assert why in page(vascular("South Asian"), language)
