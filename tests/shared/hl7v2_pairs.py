"""What an HL7 v2 message and a FHIR bundle made of it by somebody else say, in the same words."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from twin.importers.base import Context
from twin.importers.content import Content
from twin.importers.hl7v2 import IMPORTER
from twin.importers.hl7v2.codes import LOCAL
from twin.record.fact import Coding, FactDraft

CONTEXT = Context(now=datetime(2026, 11, 22, tzinfo=UTC), patient="the one of the message")
UNDATED = "20200101"  # the record holds no undated value: a message without any time of observation is given this one
THEIR_LOCAL = "v2-0396-99zzzorL"
Said = dict[str, object]


@dataclass(kw_only=True)
class Words:
    """A patient and its results, field by field."""

    patient: Said = field(default_factory=dict)
    results: list[Said] = field(default_factory=list)


def ours(path: Path) -> Words:
    """What we read of a message."""
    words = Words()
    content = dated(path.read_bytes())
    for item in IMPORTER.read(Content.of(content, path.name), CONTEXT):
        if item.patient is not None and not words.patient:
            words.patient = {
                "identifiers": {(each.value, each.kind) for each in item.patient.identifiers},
                "name": item.patient.name,
                "gender": item.patient.sex,
                "birth": item.patient.birth_date.isoformat() if item.patient.birth_date else None,
            }
        if item.key.startswith("death/") and item.facts[0].kind == "death":
            words.patient["died"] = item.facts[0].observed_at.isoformat()
        if item.kind == "OBX":
            words.results.append(_result(item.facts) if item.facts else {"code": None})
    return words


def theirs(path: Path) -> Words:
    """What the bundle says."""
    words = Words()
    for entry in json.loads(path.read_text(encoding="utf-8"))["entry"]:
        resource = entry["resource"]
        if resource["resourceType"] == "Patient" and not words.patient:
            words.patient = _patient(resource)
        if resource["resourceType"] == "Observation":
            words.results.append(_observation(resource))
    return words


def differences(path: Path, expected: Path) -> set[tuple[str, str]]:
    """The (file, field) pairs in which the two differ; results are compared in their order."""
    mine, other = ours(path), theirs(expected)
    found = {name for name, said in other.patient.items() if said and mine.patient.get(name) != said}
    if len(mine.results) != len(other.results):
        found.add("results")
    left = list(mine.results)
    for said in other.results:  # by code: a converter may give the results in another order
        one = next((each for each in left if each["code"] == said["code"]), left[0] if left else {})
        if one in left:
            left.remove(one)
        found |= {name for name, value in said.items() if not _same(name, one.get(name), value)}
    return {(path.stem, name) for name in found}


def dated(content: bytes) -> bytes:
    """Return a message with a time of observation in each OBR that has none at all."""
    lines = re.split(rb"[\r\n]+", content)
    for index, line in enumerate(lines):
        fields = line.split(b"|")
        if fields[0] == b"OBR":
            fields += [b""] * (8 - len(fields))
            if not any(b"".join(fields[at : at + 1]) for at in (7, 14, 22)):
                fields[7] = UNDATED.encode()
            lines[index] = b"|".join(fields)
    return b"\r".join(lines)


def _result(facts: tuple[FactDraft, ...]) -> Said:
    first = facts[0]
    return {
        "code": _codes((first.coding, *first.other_codings)),
        "status": first.status,
        "value": "|".join(f"{fact.comparator or ''}{fact.value}" for fact in facts if fact.value is not None) or None,
        "unit": first.unit,
        "effective": first.observed_at.isoformat(),
        "issued": first.known_at.isoformat(),
    }


def _same(name: str, mine: object, said: object) -> bool:
    if isinstance(said, set) and isinstance(mine, str):  # a unit or a coded value, any of whose forms will do
        return mine in said
    if name == "code" and isinstance(mine, set) and isinstance(said, set):
        return mine == said
    return (name in ("effective", "unit") and not said) or mine == said


def _codes(codings: tuple[Coding, ...]) -> set[tuple[str, str]]:
    return {("local" if each.system.startswith(LOCAL) else each.system, each.code or each.display) for each in codings}


def _patient(resource: dict[str, Any]) -> Said:
    name = (resource.get("name") or [{}])[0]
    died = resource.get("deceasedDateTime")
    return {
        "identifiers": {
            (each["value"], _type_of(each)) for each in resource.get("identifier", []) if each.get("value")
        },
        "name": ", ".join(each for each in (name.get("family", ""), " ".join(name.get("given", []))) if each),
        "gender": resource.get("gender"),
        "birth": resource.get("birthDate"),
        "died": _moment(died) if died else None,
    }


def _type_of(identifier: dict[str, Any]) -> str:
    codings = identifier.get("type", {}).get("coding", [{}])
    return str(codings[0].get("code", ""))


def _observation(resource: dict[str, Any]) -> Said:
    quantity = resource.get("valueQuantity", {})
    effective = resource.get("effectiveDateTime")
    return {
        "code": {
            (
                "local" if THEIR_LOCAL in each.get("system", "") else each.get("system", ""),
                each.get("code") or each.get("display", ""),
            )
            for each in resource.get("code", {}).get("coding", [])
        },
        "status": resource.get("status"),
        "value": _value(resource),
        "unit": {quantity[name] for name in ("unit", "code") if quantity.get(name)} or None,
        "effective": _moment(effective) if effective else None,
    }


def _value(resource: dict[str, Any]) -> object:
    if (quantity := resource.get("valueQuantity")) is not None:
        return f"{quantity.get('comparator', '')}{quantity['value']}" if "value" in quantity else None
    if (concept := resource.get("valueCodeableConcept")) is not None:
        codings = concept.get("coding", [])
        return {each[name] for each in codings for name in ("code", "display") if each.get(name)} | {
            concept.get("text")
        }
    if (bounds := resource.get("valueRange")) is not None:
        return f"{bounds['low']['value']}-{bounds['high']['value']}"
    if (ratio := resource.get("valueRatio")) is not None:
        between = next(each["valueString"] for each in ratio["extension"] if each["url"] == "SN.3")
        return f"{ratio['numerator']['value']}{between}{ratio['denominator']['value']}"
    if (period := resource.get("valuePeriod")) is not None:
        return f"{_as_sent(period['_start'])}/{_as_sent(period['_end'])}"
    for name in ("valueDateTime", "valueTime"):
        if name in resource:
            return _as_sent(resource[f"_{name}"]) if f"_{name}" in resource else resource[name]
    return resource.get("valueString")


def _as_sent(primitive: dict[str, Any]) -> str:
    return str(primitive["extension"][0]["valueString"])


def _moment(text: str) -> str:
    read = datetime.fromisoformat(text)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
