"""Is a rule for this patient? Only coded data can say; the rest stays in the rule's words, to be read by a person."""

from datetime import datetime

import numpy as np

from twin.organs.base import Need, Population, Text, Threshold, past
from twin.record.signal import signal
from twin.record.timeline import Timeline
from twin.scores.gather import holding, newest

DIED = Text("The patient has died.", "患者已去世。")


def why_not(threshold: Threshold, timeline: Timeline) -> Text | None:
    """Return why the rule is not for this patient at `as_of`, or None where nothing in the record says so."""
    if timeline.died_at is not None:
        return DIED
    return outside(threshold.population, timeline, timeline.as_of)


def outside(population: Population, timeline: Timeline, at: datetime) -> Text | None:
    """Return what puts the patient outside `population`, or None."""
    if population.min_age is not None:
        age = timeline.age(at)
        if not isinstance(age, float):
            return Text("The birth date is not known.", "出生日期未知。")
        if age < population.min_age:
            years = f"{population.min_age:g}"
            return Text(f"Younger than {years} years.", f"年龄小于 {years} 岁。")
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


def _met(need: Need, timeline: Timeline, at: datetime) -> bool:
    if need.concept:
        return holding(timeline, need.concept, at) is not None
    fact = newest(timeline, need.signal, at)
    if need.value == "reference_high":
        line = signal(need.signal).reference.get(timeline.patient.sex, (None, None))[1]
    else:
        line = need.value
    if fact is None or line is None:
        return False
    return bool(past(np.array([fact.derived.value], dtype=np.float64), need.comparison, line)[0])
