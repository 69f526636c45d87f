"""By which method was a value made? Two values are compared only where everything named for their signal is the same.

A CT whose protocol is not stated is compared with nothing; a laboratory value without a stated method is, with others
like it. Read from `data/change.toml`: what a code, the device's words or the unit as received say of a laboratory
method, and which parts of a CT's protocol (as `twin.scan` writes it into the fact's device) must be the same.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from twin.forecast.change import Reading
from twin.forecast.change_limit import table
from twin.record.codes import OWN_FINDING
from twin.record.fact import Fact

NOT_STATED = ""
_SLICE = re.compile(r"^[0-9.]+ mm$")
_VOLTAGE = re.compile(r"^[0-9.]+ kVp$")
_CONTRAST = "with contrast"


@dataclass(frozen=True, kw_only=True, slots=True)
class Method:
    """What says how a signal's value was made: see the head of `data/change.toml`."""

    codes: Mapping[str, str]
    words: Mapping[str, re.Pattern[str]]
    units: Mapping[str, str]
    is_by_device: bool
    scan: tuple[str, ...]

    def of(self, fact: Fact) -> tuple[str, ...]:
        """Return the parts of the method that must be the same, in a fixed order; "" where one is not stated."""
        if self.scan:
            known = protocol(fact.device or "")
            return (_source(fact), *(known.get(part, NOT_STATED) for part in self.scan))
        parts = [self._laboratory(fact)]
        if self.is_by_device:
            parts.append(fact.device or NOT_STATED)
        return tuple(parts)

    def unstated(self, fact: Fact) -> tuple[str, ...]:
        """Return what of a CT's protocol must be known and is not: all that moves the number but contrast.

        A scan without contrast states none (`twin.scan.measured`), so silence is no gap there.
        """
        known = protocol(fact.device or "")
        return tuple(part for part in self.scan if part != "contrast" and part not in known)

    def _laboratory(self, fact: Fact) -> str:
        if fact.unit is not None and fact.unit in self.units:
            return self.units[fact.unit]
        codings = (fact.coding, *((fact.value_coding,) if fact.value_coding else ()))
        text = " ".join((fact.device or "", *(each.display for each in codings)))
        said = next((method for method, pattern in self.words.items() if pattern.search(text)), None)
        return said or self.codes.get(fact.coding.code, NOT_STATED)


def reading(key: str, fact: Fact) -> Reading:
    """Return a usable fact of a signal as something to judge."""
    method, value = methods().get(key), fact.derived.value
    assert value is not None
    scanner = protocol(fact.device or "").get("scanner", NOT_STATED) if method is not None and method.scan else ""
    return Reading(
        at=fact.observed_at,
        value=value,
        sd=fact.sd,
        method=() if method is None else method.of(fact),
        unstated=() if method is None else method.unstated(fact),
        scanner=scanner,
    )


def protocol(device: str) -> dict[str, str]:
    """Return the parts of a CT's protocol: "ACME One, B30f, 1 mm, 120 kVp" by scanner, kernel, slice, voltage.

    The kernel is told from the scanner by its place: a device of one word is a scanner.
    """
    found: dict[str, str] = {}
    for part in (each.strip() for each in device.split(",") if each.strip()):
        if _SLICE.match(part):
            found["slice"] = part
        elif _VOLTAGE.match(part):
            found["voltage"] = part
        elif part.startswith(_CONTRAST):
            found["contrast"] = part
        else:
            found["kernel" if "scanner" in found else "scanner"] = part
    return found


@cache
def methods() -> Mapping[str, Method]:
    """Every signal whose method matters, by key."""
    return MappingProxyType({key: _method(row) for key, row in table()["methods"].items()})


def _source(fact: Fact) -> str:
    if fact.coding.system != OWN_FINDING:
        return "reported"
    return "measured here" if fact.is_used else "measured here, with a caution"


def _method(row: Mapping[str, Any]) -> Method:
    patterns = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in row.get("words", {}).items()}
    return Method(
        codes=MappingProxyType(row.get("codes", {})),
        words=MappingProxyType(patterns),
        units=MappingProxyType(row.get("units", {})),
        is_by_device=bool(row.get("device", False)),
        scan=tuple(row.get("scan", ())),
    )
