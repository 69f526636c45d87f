"""Which inputs do many scores share, and where does the twin find them?"""

from twin.scores.base import ANY, POSITIVE, Input, Range, Where, completed_years

NOBODY_YOUNGER_OR_OLDER = Range(low=0, high=130)  # a: the oldest age on record is 122 years
NOT_NEGATIVE = Range(low=0)
SHARE = Range(low=0, high=1)
ADULT = completed_years(18)
HEPATITIS_B = (Where(kind="concept", key="hbv"), Where(kind="code", key="hbsag", output="positive"))
ADULT_AGE = 18.0  # a: as `ADULT`, for scores that take no age


def age(*, population: Range = ANY, validated: Range = ANY, optional: bool = False) -> Input:
    """Return age in years."""
    return Input(
        key="age",
        unit="a",
        find=(Where(kind="age"),),
        possible=NOBODY_YOUNGER_OR_OLDER,
        population=population,
        validated=validated,
        optional=optional,
    )


def sex() -> Input:
    """Return sex as the formula takes it: 1 = male."""
    return Input(key="sex", kind="choice", choices={"male": 1.0, "female": 0.0}, find=(Where(kind="sex"),))


def male() -> Input:
    """Return 1 for men, 0 for women."""
    return Input(key="male", kind="yes_no", find=(Where(kind="sex"),))


def female() -> Input:
    """Return 1 for women, 0 for men; a record's own word for the sex is understood too."""
    choices: dict[object, float | str] = {1: 1.0, 0: 0.0, "female": 1.0, "male": 0.0}
    return Input(key="female", kind="choice", choices=choices, find=(Where(kind="sex"),))


def measured(
    key: str,
    signal: str,
    unit: str,
    *,
    possible: Range = ANY,
    population: Range = ANY,
    validated: Range = ANY,
    optional: bool = False,
) -> Input:
    """Return a measured input, found under its signal; the signal's plausible range holds too."""
    return Input(
        key=key,
        unit=unit,
        signal=signal,
        find=(Where(kind="signal", key=signal),),
        possible=possible,
        population=population,
        validated=validated,
        optional=optional,
    )


def positive(key: str, signal: str, unit: str, *, validated: Range = ANY) -> Input:
    """Return a measured input that the formula divides by, or takes a root or a logarithm of."""
    return measured(key, signal, unit, possible=POSITIVE, validated=validated)


def upper_limit(key: str, signal: str, *, default: float | None = None) -> Input:
    """Return the laboratory's upper limit of normal of an enzyme in U/L; no record states it for sure."""
    return Input(key=key, unit="U/L", signal=signal, default=default, possible=POSITIVE)


def body_mass_index(*, possible: Range = ANY, population: Range = ANY) -> Input:
    """Return the body mass index in kg/m2: measured, else from weight and height."""
    return Input(
        key="bmi",
        unit="kg/m2",
        signal="bmi",
        find=(Where(kind="signal", key="bmi"), Where(kind="score", key="bmi", output="value")),
        possible=possible,
        population=population,
    )


def filtration(*, population: Range = ANY) -> Input:
    """Return eGFR in mL/min/1.73 m2 by the equation of creatinine of 2021, never as a laboratory printed it."""
    return Input(
        key="egfr",
        unit="mL/min/{1.73_m2}",
        signal="egfr",
        find=(Where(kind="score", key="ckdepi", output="cr_2021"),),
        population=population,
    )


def has(key: str, *concepts: str) -> Input:
    """Return 1 where the record has any of the concepts; without a concept no record can say."""
    if not concepts:
        return Input(key=key, kind="yes_no")
    if len(concepts) == 1:
        return Input(key=key, kind="yes_no", find=(Where(kind="concept", key=concepts[0]),))
    among = tuple((concept, concept) for concept in concepts)
    return Input(key=key, kind="yes_no", find=(Where(kind="concepts", among=among),))


def on_dialysis() -> Input:
    """Return 1 where dialysis was needed twice within the week before, or for 24 hours."""
    return Input(key="dialysis", kind="yes_no", find=(Where(kind="weekly", key="dialysis"),))


def smokes(key: str = "smoking", status: str = "current") -> Input:
    """Return 1 where the smoking status is one of these (`|` between)."""
    return Input(key=key, kind="yes_no", find=(Where(kind="code", key="smoking_status", output=status),))


def coded(key: str, signal: str, choices: dict[object, float | str]) -> Input:
    """Return a coded finding, as the formula takes each code."""
    return Input(key=key, kind="choice", choices=choices, find=(Where(kind="code", key=signal),))
