"""Is a rule for this patient? Only coded data can say; the rest stays in the rule's words, to be read by a person."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from twin.organs.base import Need, Population, Text, Threshold, past, rounded
from twin.record.holding import holding
from twin.record.reference import reference
from twin.record.timeline import Timeline
from twin.scores import score
from twin.scores.gather import Site, answer_at, inputs_of, newest

DIED = Text("The patient has died.", "患者已去世。")
_OTHER_SET = Text("This site follows another rule set for it.", "本机构对此采用另一套规则。")
_SEX = {
    "male": Text("The rule is for men.", "该规则适用于男性。"),
    "female": Text("The rule is for women.", "该规则适用于女性。"),
}
_NO_SITE: Site = {}


def why_not(threshold: Threshold, timeline: Timeline, site: Site = _NO_SITE) -> Text | None:
    """Return why the rule is not for this patient at `as_of`, or None where nothing in the record says so.

    Args:
        site: what this site has answered; of competing rule sets it chooses one.
    """
    if timeline.died_at is not None:
        return DIED
    chosen, unless = threshold.population.chosen, threshold.population.unless
    if (chosen and not site.get(chosen, False)) or (unless and site.get(unless, False)):
        return _OTHER_SET
    return outside(threshold.population, timeline, timeline.as_of)


def outside(population: Population, timeline: Timeline, at: datetime) -> Text | None:
    """Return what puts the patient outside `population`, or None."""
    if population.sex is not None and timeline.patient.sex != population.sex:
        return _SEX[population.sex]
    too = _age(population, timeline, at)
    if too is not None:
        return too
    missing = next((need for need in population.all_of if not _met(need, timeline, at)), None)
    if missing is not None:
        return Text(f"Not on record: {missing.label.en}.", f"病历中没有：{missing.label.zh_CN}。")
    if population.any_of and not any(_met(need, timeline, at) for need in population.any_of):
        english = ", ".join(need.label.en for need in population.any_of)
        chinese = "、".join(need.label.zh_CN for need in population.any_of)
        return Text(f"None of these is on record: {english}.", f"病历中没有以下任何一项：{chinese}。")
    present = next((need for need in population.none_of if _met(need, timeline, at)), None)
    if present is not None:
        return Text(f"Excluded by: {present.label.en}.", f"排除原因：{present.label.zh_CN}。")
    return None


def looked_at(population: Population) -> Iterator[str]:
    """Return every signal and concept that a population asks for."""
    for need in (*population.all_of, *population.any_of, *population.none_of):
        yield from (key for key in (need.concept, need.signal) if key)
        if need.score:
            yield from inputs_of(score(need.score))


def _age(population: Population, timeline: Timeline, at: datetime) -> Text | None:
    low, high = population.min_age, population.below_age
    if low is None and high is None:
        return None
    age = timeline.age(at)
    if not isinstance(age, float):
        return Text("The birth date is not known.", "出生日期未知。")
    if low is not None and age < low:
        return Text(f"Younger than {low:g} years.", f"年龄小于 {low:g} 岁。")
    if high is not None and age >= high:
        return Text(f"{high:g} years or older.", f"年龄达到 {high:g} 岁。")
    return None


def _met(need: Need, timeline: Timeline, at: datetime) -> bool:
    if need.concept:
        return holding(timeline, need.concept, at) is not None
    if need.code:
        said = [fact for fact in timeline.series(need.signal) if fact.observed_at <= at]
        return bool(said) and said[-1].derived.code == need.code
    value = _value(need, timeline, at)
    if need.value == "reference_high":
        fact = newest(timeline, need.signal, at)
        line = None if fact is None else reference(need.signal, timeline, fact.observed_at).high
    else:
        line = need.value
    if value is None or line is None:
        return False
    values = np.array([value], dtype=np.float64)
    return bool(past(rounded(values) if need.whole else values, need.comparison, line)[0])


def _value(need: Need, timeline: Timeline, at: datetime) -> float | None:
    """The newest value of the need's signal, or its score's answer."""
    if need.score:
        answer, _ = answer_at(score(need.score), timeline, at, _NO_SITE)
        return answer.outputs.get(need.output)
    fact = newest(timeline, need.signal, at)
    return None if fact is None else fact.derived.value
