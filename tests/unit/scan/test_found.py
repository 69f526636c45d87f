"""One place is told by one word: the narrower, where it tells all that the broader tells."""

from imaging.findings.base import Finding
from twin.scan.found import told_narrower


def _at(key: str, x: float) -> Finding:
    box = ((x, 0.0, 0.0), (x + 5.0, 5.0, 5.0))
    return Finding(key=key, rank=1, score=1.0, centre_lps_mm=(x, 0.0, 0.0), box_lps_mm=box, method="drawn")


def test_an_opacity_that_is_told_as_groundglass_or_consolidation_is_told_once() -> None:
    places = [_at("opacity", 0), _at("opacity", 9), _at("groundglass", 0), _at("consolidation", 9)]
    assert told_narrower(places) == {"opacity"}


def test_a_broader_word_stays_where_it_tells_one_place_more() -> None:
    assert told_narrower([_at("opacity", 0), _at("opacity", 9), _at("groundglass", 0)]) == set()
    assert told_narrower([_at("nodule", 0), _at("consolidation", 0)]) == set()


def test_scattered_nodules_stay_nodules() -> None:
    places = [_at(key, x) for x in (0, 20, 40) for key in ("nodule", "scattered_nod")]
    assert told_narrower(places) == set(), "who asks for nodules must not miss them for being many"
