"""What every measurement owes: a value with its uncertainty, method and source, or a refusal with the reason."""

from collections.abc import Callable
from dataclasses import dataclass

from imaging.gate import Fitness
from imaging.labels import Labels
from imaging.volume import Volume

Point = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One number, or why there is none: exactly one of `value` and `refused` is set.

    `sd` is one standard deviation of the measurement itself, in the value's unit, None where nothing is known of it.
    `level` names the place of several (`L1`, `mid ascending`); `place_lps_mm` its middle; `caution` a caveat.
    """

    key: str
    unit: str
    method: str
    source: str
    value: float | None = None
    sd: float | None = None
    refused: str | None = None
    level: str | None = None
    place_lps_mm: Point | None = None
    caution: str | None = None

    def __post_init__(self) -> None:
        assert (self.value is None) != (self.refused is None), "a measurement is a value or a refusal"

    def to_json(self) -> dict[str, object]:
        """Return the form that `twin ct measure --json` prints."""
        told: dict[str, object] = {
            "key": self.key,
            "value": self.value,
            "unit": self.unit,
            "sd": self.sd,
            "refused": self.refused,
            "level": self.level,
            "method": self.method,
        }
        return told | ({"caution": self.caution} if self.caution else {})


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A way to get one or several numbers that belong together (`keys`, in the order they are shown).

    `measure` gives each key at least once: a value, or a refusal. Unit of every key: UCUM.
    """

    keys: tuple[str, ...]
    measure: Callable[[Volume, Labels, Fitness], tuple[Measurement, ...]]
    source: str
    reviewed: str
