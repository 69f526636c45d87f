"""May this model speak for this patient? Only where coded data put them into the population on its card.

A card names the population as coded criteria under `serves`: ages, sexes, and needs as guideline rules have them
(`twin.organs.base.Need`). A model whose card names none serves nobody: the cohort it was fitted on is no licence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from twin.organs.applies import DIED, outside
from twin.organs.base import Comparison, Need, Population, Text
from twin.record.codes import is_known_key
from twin.record.fact import Absent
from twin.record.timeline import Sex, Timeline

NO_MODEL = "no_model_for_this_population"
SEXES: tuple[Sex, ...] = ("female", "male")
_KEYS = {"min_age", "max_age", "sexes", "all_of", "any_of", "none_of"}
_UNTOLD = Text("The model's card names no population.", "该模型的说明卡未写明适用人群。")
_SEX_UNKNOWN = Text("The sex is not known.", "性别未知。")


class BadCriteria(ValueError):
    """The population on a card can't be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Serves:
    """Whom a model serves: the sexes it was made on, and ages and needs as a rule has them.

    A patient whose sex is not known is served by none: a model of both sexes was still made on known ones.
    """

    sexes: tuple[Sex, ...]
    population: Population


def serving(card: Mapping[str, Any], timeline: Timeline, at: datetime) -> Absent | None:
    """Return why the model with this card does not serve this patient at `at`, or None where it does."""
    criteria = card.get("serves")
    why = _UNTOLD if not criteria else why_not(read(criteria), timeline, at)
    return None if why is None else Absent(reason=NO_MODEL, detail=why.en)


def why_not(serves: Serves, timeline: Timeline, at: datetime) -> Text | None:
    """Return what puts the patient outside the model's population at `at`, or None.

    A concept that is not recorded counts as not there, so an exclusion can be missed; what is needed can't.
    """
    if timeline.died_at is not None and timeline.died_at <= at:
        return DIED
    sex = timeline.patient.sex
    if sex not in serves.sexes:
        return _SEX_UNKNOWN if sex == "unknown" else _other_sex(sex)
    return outside(serves.population, timeline, at)


def read(criteria: Mapping[str, Any]) -> Serves:
    """Return the criteria as a card holds them, checked.

    Raises:
        BadCriteria: something unknown, an age that is none, or a need for what the record can't tell.
    """
    unknown = sorted(set(criteria) - _KEYS)
    if unknown:
        raise BadCriteria(f"unknown criteria: {', '.join(unknown)[:200]}")
    low, high = criteria.get("min_age"), criteria.get("max_age")
    if not _is_number(low) or not _is_number(high) or not 0 <= low < high:  # type: ignore[operator]  # checked before
        raise BadCriteria("a population has a min_age and a higher max_age, in years")
    sexes = tuple(criteria.get("sexes", SEXES))
    if not sexes or not set(sexes) <= set(SEXES):
        raise BadCriteria("sexes are female, male or both")
    return Serves(
        sexes=sexes,
        population=Population(
            min_age=float(low),  # type: ignore[arg-type]  # checked before
            below_age=float(high),  # type: ignore[arg-type]
            all_of=_needs(criteria, "all_of"),
            any_of=_needs(criteria, "any_of"),
            none_of=_needs(criteria, "none_of"),
        ),
    )


def _other_sex(sex: Sex) -> Text:
    return {"female": Text("Not for women.", "不适用于女性。"), "male": Text("Not for men.", "不适用于男性。")}[sex]


def _needs(criteria: Mapping[str, Any], name: str) -> tuple[Need, ...]:
    return tuple(_need(each) for each in criteria.get(name, ()))


def _need(given: Mapping[str, Any]) -> Need:
    concept, signal = given.get("concept", ""), given.get("signal", "")
    key = concept or signal
    if bool(concept) == bool(signal) or not is_known_key(key):
        raise BadCriteria(f"a need names one concept or signal that the record knows, not {ascii(key)[:80]}")
    if signal and (given.get("comparison") not in get_args(Comparison) or not _is_line(given.get("value"))):
        raise BadCriteria(f"a need for {signal} says how it compares, and with what")
    words = str(given.get("en") or key.replace("_", " "))
    return Need(
        label=Text(words, str(given.get("zh_CN") or words)),
        concept=concept,
        signal=signal,
        comparison=given.get("comparison", ">="),
        value=given.get("value", 0.0),
    )


def _is_line(value: object) -> bool:
    return value == "reference_high" or _is_number(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
