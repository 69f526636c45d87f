"""The limits of `formulas.md` section 0, written down once more as a table: inside, outside, and what follows.

Each line: formula, input, value, and what is said: `ok`, `caution`, or the reason of absence.
"""

import pytest

from tests.score_examples import EXAMPLES
from twin.answering import formula
from twin.scores import calculate

LIMITS = """
prevent          age             29.99   outside_population
prevent          age             30      ok
prevent          age             79.99   ok
prevent          age             80      outside_population
prevent          total_c         129.9   outside_population
prevent          total_c         130     ok
prevent          total_c         320     ok
prevent          total_c         320.1   outside_population
prevent          hdl_c           19.9    outside_population
prevent          hdl_c           20      ok
prevent          hdl_c           100.1   outside_population
prevent          sbp             89.9    outside_population
prevent          sbp             90      ok
prevent          sbp             180     ok
prevent          sbp             180.1   outside_population
prevent          bmi             18.4    outside_population
prevent          bmi             18.5    ok
prevent          bmi             39.9    ok
prevent          bmi             40      outside_population
prevent          egfr            14.9    outside_population
prevent          egfr            15      ok
prevent          egfr            140     ok
prevent          egfr            140.1   outside_population
pce              age             39.9    outside_population
pce              age             40      ok
pce              age             79.9    ok
pce              age             80      outside_population
pce              total_c         129     caution
pce              total_c         130     ok
pce              total_c         320     ok
pce              total_c         321     caution
pce              hdl_c           19      caution
pce              hdl_c           20      ok
pce              hdl_c           101     caution
pce              sbp             89      caution
pce              sbp             90      ok
pce              sbp             200     ok
pce              sbp             201     caution
score2           age             39.9    outside_population
score2           age             40      ok
score2           age             69.9    ok
score2           age             70      outside_population
score2_op        age             69.9    outside_population
score2_op        age             70      ok
score2_op        age             89.9    ok
score2_op        age             90      outside_population
framingham2008   age             29.9    outside_population
framingham2008   age             30      ok
framingham2008   age             74.9    ok
framingham2008   age             75      outside_population
framingham2008_bmi age           29.9    outside_population
framingham2008_bmi age           74.9    ok
mesa_chd         age             44.9    outside_population
mesa_chd         age             45      ok
mesa_chd         age             85.9    ok
mesa_chd         age             86      outside_population
china_par        age             19.9    outside_population
china_par        age             20      caution
china_par        age             34.9    caution
china_par        age             35      ok
china_par        age             74.9    ok
china_par        age             75      caution
china_par        age             86      outside_population
ckdepi           age             17.9    outside_population
ckdepi           age             18      ok
kfre4            egfr            59.9    ok
kfre4            egfr            60      outside_population
kfre4            age             17.9    outside_population
kfre4            uacr_mgg        0       impossible_value
fib4             age             17.9    outside_population
fib4             age             18      caution
fib4             age             34.9    caution
fib4             age             35      ok
fib4             age             65      ok
nafld_fs         age             17.9    outside_population
nafld_fs         age             34.9    caution
nafld_fs         age             35      ok
amap             age             17.9    outside_population
galad            age             17.9    outside_population
mayo_pbc_original age            17.9    outside_population
page_b           age             15.9    outside_population
page_b           age             16      ok
mpage_b          age             15.9    outside_population
mpage_b          age             16      ok
brock_full_spiculation age       49.9    caution
brock_full_spiculation age       50      ok
brock_full_spiculation age       75.9    ok
brock_full_spiculation age       76      caution
brock_full_spiculation diameter_mm 0     impossible_value
brock_full_no_spiculation age    49.9    caution
mayo_nodule      diameter_mm     0       impossible_value
mayo_nodule      diameter_mm     3.9     caution
mayo_nodule      diameter_mm     4       ok
mayo_nodule      diameter_mm     30      ok
mayo_nodule      diameter_mm     30.1    caution
plcom2012        cpd             0       outside_population
plcom2012        age             54.9    caution
plcom2012        age             55      ok
plcom2012        age             80.9    ok
plcom2012        age             81      caution
findrisc         age             17.9    outside_population
findrisc         age             34.9    caution
findrisc         age             35      ok
findrisc         age             64.9    ok
findrisc         age             65      caution
ldl              tg              800     ok
ldl              tg              801     caution
vdt_diameter     days            0       impossible_value
vdt_diameter     d2              10      no_growth
vdt_volume       days            -1      impossible_value
vdt_volume       v2              124.9   no_growth
vdt_volume       v2              125     ok
fleischner2017   age             34.9    outside_population
fleischner2017   age             35      ok
combine_prs      risk            1       impossible_value
combine_prs      risk            0       ok
charlson         age             -1      impossible_value
charlson         age             131     impossible_value
liver_risk_alleles pnpla3        3       impossible_value
liver_risk_alleles pnpla3        1.5     impossible_value
cac_drs          vessels         5       impossible_value
cac_drs          vessels         0       impossible_value
""".strip().splitlines()


@pytest.mark.parametrize("line", LIMITS, ids=lambda line: "-".join(line.split()[:3]))
def test_limit_holds(line: str) -> None:
    key, name, value, said = line.split()
    answer = calculate(formula(key), EXAMPLES[key] | {name: float(value)})
    assert (answer.absent or ("caution" if answer.caution else "ok")) == said


DIVIDED_OR_LOGGED = """
fib4 alt platelets | apri ast_uln platelets | nafld_fs alt | meld bilirubin creatinine inr
meld_na bilirubin creatinine inr | meld3 bilirubin creatinine inr | albi bilirubin_umol | amap bilirubin_umol
galad afp dcp | hsi ast | fli tg_mgdl ggt | ast_alt_ratio alt | r_factor alt_uln alp alp_uln
mayo_pbc_original bilirubin albumin pt | prevent uacr | pce total_c hdl_c sbp | framingham2008 total_c hdl_c sbp
framingham2008_bmi bmi sbp | china_par sbp total_c_mgdl hdl_c_mgdl waist_cm | ckdepi scr scys | kfre4 uacr_mgg
brock_full_spiculation diameter_mm | tyg tg_mgdl glucose_mgdl | prs_percentile sd | bmi weight_kg height_cm
vdt_diameter d1 d2 days | vdt_volume v1 v2 days
"""
ZEROS = [
    (key, name)
    for line in DIVIDED_OR_LOGGED.replace("\n", "|").split("|")
    if line.split()
    for key, *names in [line.split()]
    for name in names
]


@pytest.mark.parametrize(("key", "name"), ZEROS)
def test_zero_where_the_formula_divides_or_takes_a_logarithm_is_impossible(key: str, name: str) -> None:
    answer = calculate(formula(key), EXAMPLES[key] | {name: 0})
    assert (answer.absent, answer.detail) == ("impossible_value", name)


@pytest.mark.parametrize(("years", "age", "absent"), [(10, 60, None), (30, 59.9, None), (30, 60, "outside_population")])
def test_thirty_year_prevent_ends_at_59(years: int, age: float, absent: str | None) -> None:
    assert calculate(formula("prevent"), EXAMPLES["prevent"] | {"years": years, "age": age}).absent == absent


@pytest.mark.parametrize("race", ["asian", "chinese", "other"])
def test_pce_has_no_result_for_other_groups(race: str) -> None:
    assert calculate(formula("pce"), EXAMPLES["pce"] | {"race": race}).absent == "outside_population"


@pytest.mark.parametrize(
    ("key", "name"),
    [("pce", "race"), ("mesa_chd", "race"), ("score2", "region"), ("plcom2012", "race"), ("fleischner2017", "type")],
)
def test_unknown_code_is_refused(key: str, name: str) -> None:
    assert calculate(formula(key), EXAMPLES[key] | {name: "martian"}).absent == "bad_code"
