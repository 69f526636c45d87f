"""What an organ declares: the signals and scores it is watched by, and the thresholds at which a rule acts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Comparison = Literal[">", ">=", "<", "<="]
House = Literal["months", "line"]
_OPERATORS = {">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal}


def past(values: NDArray[np.float64], comparison: Comparison, line: float) -> NDArray[np.bool_]:
    """Return True where a value compares so with the line; NaN never does."""
    return np.asarray(_OPERATORS[comparison](values, line))


def rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return whole numbers, half up: how Fleischner's sizes are rounded before a row is chosen."""
    return np.floor(values + 0.5)


@dataclass(frozen=True, slots=True)
class Text:
    """A short text in both languages; the English one is its gettext key."""

    en: str
    zh_CN: str

    def as_dict(self) -> dict[str, str]:
        """Return it by language."""
        return {"en": self.en, "zh_CN": self.zh_CN}


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganSignal:
    """A measurement shown in the organ's panel."""

    key: str
    label: Text


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganScore:
    """One output of a score shown in the organ's panel."""

    key: str
    output: str
    label: Text


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganHistory:
    """What the record may hold that the organ's forecast is read with: a concept, or the newest code of a signal."""

    key: str
    kind: Literal["concept", "coded"]
    label: Text


@dataclass(frozen=True, kw_only=True, slots=True)
class PerDeviation:
    """Hazard ratio per SD of a polygenic score with its 95 % interval, in people of one ancestry.

    `names`, in small letters, are what a site may call that ancestry; for any other name there is no number.
    """

    names: tuple[str, ...]
    ratio: float
    low: float
    high: float
    source: str
    status: Literal["read", "unverified"]


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganGenomic:
    """What of a genome concerns the organ, and what was published of its size.

    `variants` are rs numbers of the panel; `score` is a polygenic score by its id in the catalogue. `acts_on` names the
    clinical risk (score, output) it is combined with, by `per_sd` of the ancestry; `estimate` is a score of the count
    of risk alleles.
    """

    key: str
    label: Text
    variants: tuple[str, ...] = ()
    score: str = ""
    acts_on: tuple[str, str] | None = None
    per_sd: tuple[PerDeviation, ...] = ()
    estimate: str = ""
    source: str
    ancestry: Text
    status: Literal["read", "unverified"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """Something the record must hold for a rule to be for this patient.

    A concept; a coded signal that says `code`; a signal, or a score's output, past a value. `value` is in the canonical
    unit; "reference_high" is the upper reference limit for the patient's sex, in adults. `whole`: rounded to whole
    units first.
    """

    label: Text
    concept: str = ""
    signal: str = ""
    score: str = ""
    output: str = ""
    code: str = ""
    comparison: Comparison = ">="
    value: float | Literal["reference_high"] = 0.0
    whole: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Population:
    """Whom a rule is for, as far as coded data can tell.

    Every one of `all_of`, at least one of `any_of` (where there are any), none of `none_of`. `below_age` leaves the age
    itself out. Competing rule sets are chosen per site: `chosen` asks for a setting, `unless` for its absence.
    What can't be evaluated stays in the rule's own words and is shown beside it.
    """

    min_age: float | None = None
    below_age: float | None = None
    sex: Literal["male", "female"] | None = None
    chosen: str = ""
    unless: str = ""
    all_of: tuple[Need, ...] = ()
    any_of: tuple[Need, ...] = ()
    none_of: tuple[Need, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A row of `rules/rules.csv`, in the guideline's words.

    `note` is ours: what of it was read where. `house` names what of the row is no guideline's but a value or rule of
    this project: its months, or its line (also a guideline's line put to a use that the guideline does not name).
    """

    rule_id: str
    population: str
    exclusions: str
    trigger: str
    action: str
    interval_min_months: float | None
    interval_max_months: float | None
    priority: Literal["routine", "soon", "urgent", "immediate"]
    closes_with: str
    source: str
    edition: str
    status: Literal["verified", "secondary", "unverified"]
    note: str
    house: tuple[House, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Threshold:
    """A line on a signal or a score's output, and the rule that acts where it is passed.

    `closes_with` are keys of results that close the recall; a clinician's reasoned decision always does. `whole`:
    values are rounded to whole units before the line is asked for.
    """

    key: str
    on: Literal["signal", "score"]
    of: str
    output: str = ""
    comparison: Comparison
    value: float
    unit: str
    label: Text
    rule: Rule
    action: Text
    examination: Text
    closes_with: tuple[str, ...]
    population: Population = Population()
    whole: bool = False

    def is_past(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return True where a value lies past the line; an undefined one (NaN) does not."""
        return past(rounded(values) if self.whole else values, self.comparison, self.value)

    @property
    def adverse(self) -> float:
        """+1 where higher is worse, -1 where lower is."""
        return 1.0 if self.comparison in (">", ">=") else -1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Organ:
    """One organ: what is followed, in display order. `starts_with` says which first measurement would start it."""

    key: str
    name: Text
    starts_with: Text
    signals: tuple[OrganSignal, ...]
    scores: tuple[OrganScore, ...]
    thresholds: tuple[Threshold, ...]
    history: tuple[OrganHistory, ...] = ()
    genomics: tuple[OrganGenomic, ...] = ()

    def labels(self) -> Mapping[tuple[str, str], Text]:
        """Return the label of every signal, by (key, ""), and of every score's output, by (key, output)."""
        signals = {(item.key, ""): item.label for item in self.signals}
        return {**signals, **{(item.key, item.output): item.label for item in self.scores}}

    def label(self, key: str, output: str = "") -> Text:
        """Return the label of a signal or of a score's output; the key itself where the organ shows none."""
        return self.labels().get((key, output), Text(key, key))
