"""In which unit does each predictor of a risk stand on the card, and on which scale does the model hold it?

Summaries of a biomarker are made on its working scale (`twin.forecast.history`): of one on the log scale `newest` is
a logarithm and `slope` one a year, whose exponential is a ratio a year; the exponential of a mean of logarithms is the
geometric mean. Counts and times since are log(1 + x), spreads the logarithm of an SD.
"""

from twin.cohort.spec import Biomarker, Spec
from twin.forecast.card.held import AS_IT_IS, Held

_LOG, _LOG1P = Held(kind="log"), Held(kind="log1p")
_LEVELS = frozenset({"newest", "recent", "mean", "highest", "lowest", "level"})
_A_YEAR = frozenset({"slope", "drift"})
_SPREADS = frozenset({"spread", "doubt"})
_TIMES = frozenset({"since", "noted", "for", "since_visit"})
_COUNTS = {"count": "readings", "visits": "visits", "visits_last_year": "visits"}
_YEARS = "years"
_ONE = "1"  # UCUM: of no dimension


def unit_of(spec: Spec, predictor: str) -> tuple[str, Held]:
    """Return the unit of a predictor and its scale; the unit is empty where the specification tells none."""
    column, colon, what = predictor.rpartition(": ")
    if not colon:
        return _plain(spec, predictor), AS_IT_IS
    if what in _TIMES:
        return _YEARS, _LOG1P
    if what in _COUNTS:
        return _COUNTS[what], _LOG1P
    if what == "known_for":
        return _YEARS, AS_IT_IS
    biomarker = spec.biomarker(column)
    return (_ONE, AS_IT_IS) if biomarker is None else _measured(biomarker, what)


def _measured(biomarker: Biomarker, what: str) -> tuple[str, Held]:
    unit, scale = biomarker.unit or "", biomarker.scale
    if what in _LEVELS:
        return unit, Held(kind=scale.kind, low=scale.low, high=scale.high)
    if scale.kind == "linear":
        if what in _SPREADS:
            return f"{unit} (SD)".strip(), _LOG
        return (f"{unit} a year".strip() if what in _A_YEAR else unit), AS_IT_IS
    if what in _SPREADS:
        return f"{'log' if scale.kind == 'log' else 'log odds'} (SD)", _LOG
    if scale.kind == "log":
        return ("ratio a year" if what in _A_YEAR else "ratio"), _LOG
    return ("log odds a year" if what in _A_YEAR else "log odds"), AS_IT_IS


def _plain(spec: Spec, predictor: str) -> str:
    """The unit of what is no summary: a time, a baseline number, a diagnosis or how many of them there are."""
    if predictor == "years since time zero":
        return _YEARS
    item = next((each for each in spec.baseline if each.column == predictor), None)
    if item is None:
        return _ONE
    if item.grows or item.column == spec.people.age or item.source == "age":
        return _YEARS
    return _ONE if item.column == spec.people.sex or item.source == "male" else ""
