"""The guideline tables row by row; sizes, codes and ends where public code is known to differ."""

import pytest

from twin.organs.rule_tables import score_or_table
from twin.scores import Answer, calculate


def ask(key: str, **inputs: object) -> Answer:
    return calculate(score_or_table(key), inputs)


FLEISCHNER = """
solid         single    5    low   none
solid         single    5    high  optional_ct       12-12
solid         single    6    low   ct                6-12   consider_ct  18-24
solid         single    8    high  ct                6-12   ct           18-24
solid         single    9    any   ct_pet_or_biopsy  3-3
solid         multiple  5    high  optional_ct       12-12
solid         multiple  6    low   ct                3-6    consider_ct  18-24
solid         multiple  30   high  ct                3-6    ct           18-24
ground_glass  single    5    any   none
ground_glass  single    6    any   ct                6-12   ct_every_24_months
part_solid    single    5    any   none
part_solid    single    6    any   ct                3-6    annual_ct_if_unchanged_and_solid_lt_6mm
subsolid      multiple  5    any   ct                3-6    consider_ct  24-48
subsolid      multiple  6    any   ct                3-6    by_most_suspicious
ground_glass  multiple  5    any   ct                3-6    consider_ct  24-48
part_solid    multiple  6    any   ct                3-6    by_most_suspicious
solid         single    5.4  low   none
solid         single    5.5  low   ct                6-12   consider_ct  18-24
solid         single    8.4  low   ct                6-12   consider_ct  18-24
solid         single    8.5  low   ct_pet_or_biopsy  3-3
""".strip().splitlines()


@pytest.mark.parametrize("line", FLEISCHNER, ids=lambda line: "-".join(line.split()[:4]))
def test_fleischner_row(line: str) -> None:
    kind, count, size, risk, *said = line.split()
    named = ask("fleischner2017", type=kind, count=count, size_mm=float(size), risk=risk).named
    spans = {
        key: "-".join(map(str, span)) for key in ("months", "then_months") if isinstance(span := named.get(key), tuple)
    }
    assert [named["action"], spans.get("months"), named.get("then"), spans.get("then_months")] == [
        *said,
        *[None] * (4 - len(said)),
    ]


@pytest.mark.parametrize(("kind", "years"), [("ground_glass", 5), ("part_solid", 5), ("solid", None)])
def test_single_subsolid_nodules_are_followed_for_five_years(kind: str, years: int | None) -> None:
    named = ask("fleischner2017", type=kind, count="single", size_mm=7, risk="low").named
    assert named.get("until_years") == years


def test_a_solid_nodule_of_6_mm_needs_to_know_the_risk() -> None:
    for risk in (None, "any"):
        answer = ask("fleischner2017", type="solid", count="single", size_mm=7, risk=risk)
        assert (answer.absent, answer.detail) == ("missing_input", "risk")


def test_a_single_subsolid_nodule_needs_to_know_its_type() -> None:
    answer = ask("fleischner2017", type="subsolid", count="single", size_mm=7, risk="any")
    assert (answer.absent, answer.detail) == ("missing_input", "type")
    assert ask("fleischner2017", type="subsolid", count="single", size_mm=5, risk="any").named == {"action": "none"}


def test_a_solid_part_larger_than_the_nodule_is_impossible() -> None:
    nodule = {"type": "part_solid", "count": "single", "size_mm": 7, "risk": "any"}
    assert ask("fleischner2017", **nodule, solid_component_mm=8).absent == "impossible_value"
    scan = {"type": "part_solid", "context": "baseline", "total_mm": 7, "solid_mm": 8}
    assert ask("lungrads2022", **scan).absent == "impossible_value"


LUNG_RADS = """
solid         baseline        5.9        2
solid         baseline        5.94       2
solid         baseline        5.95       3
solid         baseline        6          3
solid         baseline        7.9        3
solid         baseline        8          4A
solid         baseline        14.9       4A
solid         baseline        15         4B
solid         new             3.9        2
solid         new             4          3
solid         new             5.9        3
solid         new             6          4A
solid         new             8          4B
solid         growing         7.9        4A
solid         growing         8          4B
part_solid    baseline        5.9/5      2
part_solid    baseline        6/5.9      3
part_solid    baseline        9/6        4A
part_solid    baseline        9/8        4B
part_solid    new             5/3        3
part_solid    new             6/3.9      4A
part_solid    new             6/4        4B
part_solid    growing         9/3.9      4A
part_solid    growing         9/4        4B
ground_glass  baseline        29.9       2
ground_glass  baseline        30         3
ground_glass  new             30         3
ground_glass  growing         20         2
ground_glass  stable          40         2
ground_glass  slowly_growing  40         2
airway        baseline        5          4A
thick_walled_cyst  baseline   12         4A
thick_walled_cyst  growing    12         3
multilocular_cyst  baseline   12         4A
""".strip().splitlines()


@pytest.mark.parametrize("line", LUNG_RADS, ids=lambda line: "-".join(line.split()[:3]))
def test_lung_rads_row(line: str) -> None:
    kind, context, size, category = line.split()
    whole, _, part = size.partition("/")
    sizes = {"total_mm": float(whole), "solid_mm": float(part)} if part else {"size_mm": float(whole)}
    assert ask("lungrads2022", type=kind, context=context, **sizes).named == {"category": category}


@pytest.mark.parametrize(("prior", "now"), [("2", "2"), ("3", "2"), ("4A", "3")])
def test_a_stable_nodule_steps_down(prior: str, now: str) -> None:
    nodule = {"type": "solid", "context": "stable", "size_mm": 8}
    assert ask("lungrads2022", **nodule, prior_category=prior).named == {"category": now}
    assert ask("lungrads2022", **nodule).detail == "prior_category"


@pytest.mark.parametrize(("size", "category"), [(9.9, "2"), (10, "4A")])
def test_a_smooth_nodule_at_the_pleura_is_benign_below_10_mm(size: float, category: str) -> None:
    nodule = {"type": "solid", "context": "baseline", "size_mm": size, "juxtapleural": 1}
    assert ask("lungrads2022", **nodule).named == {"category": category}


@pytest.mark.parametrize(("size", "category"), [(5, "2"), (7, "4X"), (20, "4X")])
def test_suspicious_features_lift_categories_3_and_4(size: float, category: str) -> None:
    nodule = {"type": "solid", "context": "baseline", "size_mm": size, "suspicious": True}
    assert ask("lungrads2022", **nodule).named == {"category": category}


def test_lung_rads_says_what_it_lacks() -> None:
    assert ask("lungrads2022", type="solid", context="baseline").detail == "size_mm"
    assert ask("lungrads2022", type="part_solid", context="baseline", total_mm=8).detail == "solid_mm"
    assert ask("lungrads2022", type="part_solid", context="baseline", total_mm=5).named == {"category": "2"}
    slow = ask("lungrads2022", type="solid", context="slowly_growing", size_mm=8)
    assert (slow.absent, slow.detail) == ("outside_population", "context")


C_LUNG_RADS = """
solid         5.9     -     1  12
solid         6       -     2  6
solid         10      -     3  3
solid         18      -     4  0
part_solid    5.9/5   -     1  12
part_solid    8/5.9   -     2  6
part_solid    12/6    -     3  3
part_solid    12/10   -     4  0
ground_glass  5.9     -     1  12
ground_glass  6       -     2  6
ground_glass  20      -     3  3
solid         5.9     0.9   1  12
solid         6       0.49  2  6
solid         6       0.5   4  0
ground_glass  20      0.5   4  0
""".strip().splitlines()


@pytest.mark.parametrize("line", C_LUNG_RADS, ids=lambda line: "-".join(line.split()[:3]))
def test_c_lung_rads_row(line: str) -> None:
    kind, size, probability, category, months = line.split()
    whole, _, part = size.partition("/")
    sizes = {"total_mm": float(whole), "solid_mm": float(part)} if part else {"size_mm": float(whole)}
    likely = {} if probability == "-" else {"probability": float(probability)}
    answer = ask("clungrads", type=kind, **sizes, **likely)
    assert (answer.outputs["category"], answer.named) == (int(category), {"months": int(months)})


KDIGO = """
egfr   29.9 30 300 300.1
90     low       moderate  moderate  high
89.9   low       moderate  moderate  high
60     low       moderate  moderate  high
59.9   moderate  high      high      very_high
45     moderate  high      high      very_high
44.9   high      very_high very_high very_high
30     high      very_high very_high very_high
29.9   very_high very_high very_high very_high
15     very_high very_high very_high very_high
0      very_high very_high very_high very_high
""".strip().splitlines()


@pytest.mark.parametrize("line", KDIGO[1:], ids=lambda line: line.split()[0])
def test_kdigo_row(line: str) -> None:
    egfr, *risks = line.split()
    for uacr, risk in zip(KDIGO[0].split()[1:], risks, strict=True):
        assert ask("kdigo", egfr=float(egfr), uacr=float(uacr)).category == risk.replace("_", " ")


@pytest.mark.parametrize(
    ("agatston", "vessels", "category"),
    [(0, 0, "A0"), (0, None, "A0"), (1, 1, "A1/N1"), (99.9, 2, "A1/N2"), (100, 2, "A2/N2"), (299, 3, "A2/N3"),
     (300, 4, "A3/N4"), (300, None, "A3")],
)  # fmt: skip
def test_cac_drs_class(agatston: float, vessels: int | None, category: str) -> None:
    assert ask("cac_drs", agatston=agatston, vessels=vessels).named == {"category": category}


@pytest.mark.parametrize(("agatston", "vessels"), [(0, 1), (50, 0), (50, 2.5)])
def test_calcium_and_vessels_that_contradict_are_refused(agatston: float, vessels: float) -> None:
    assert ask("cac_drs", agatston=agatston, vessels=vessels).detail == "vessels"
