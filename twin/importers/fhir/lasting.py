"""By what is a resource without an id known again, when its sender makes a new urn for every attempt?

By its business identifier, else by its content, in which a urn made for the request stands for what it points at
(hl7.org/fhir/R4/http.html#trules: the server replaces such references). So the same request sent again, with other
urns, names the same resources.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from twin.importers.fhir.reference import PATIENT
from twin.importers.fhir.scan import canonical

_WHEN = ("effectiveDateTime", "effectiveInstant", "onsetDateTime", "performedDateTime", "authoredOn", "date", "started")
"""Elements that, beside identifier and code, tell two resources apart which have no id."""
_UNNAMED = "urn:"  # what points at nothing here, or back at itself


class Lasting:
    """The lasting names of what urns of one request point at; `find` gives the resource of a urn."""

    def __init__(self, find: Callable[[str], dict[str, Any] | None]) -> None:  # Any: JSON
        self._find = find
        self._names: dict[str, str] = {}

    def content(self, resource: dict[str, Any]) -> dict[str, Any]:
        """Return what a resource states, without what its sender's software adds, each urn by its lasting name."""
        changed: dict[str, Any] = self._replaced(stated(resource))
        return changed

    def _replaced(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._replaced(each) for each in value]
        if not isinstance(value, dict):
            return value
        return {
            name: self._name(each)
            if name == "reference" and isinstance(each, str) and each.startswith("urn:")
            else self._replaced(each)
            for name, each in value.items()
        }

    def _name(self, urn: str) -> str:
        if urn not in self._names:
            self._names[urn] = _UNNAMED  # two that point at each other end here
            resource = self._find(urn)
            if resource is not None:
                self._names[urn] = self._named(resource)
        return self._names[urn]

    def _named(self, resource: dict[str, Any]) -> str:
        kind, own_id = resource["resourceType"], resource.get("id")
        if isinstance(own_id, str):
            return f"{kind}/{own_id}"
        return by_identifier(resource) or by_content(kind, self.content(resource))


def stated(resource: dict[str, Any]) -> dict[str, Any]:
    """Return the members of a resource that say something of the patient."""
    return {name: value for name, value in resource.items() if name not in ("meta", "text")}


def by_identifier(resource: dict[str, Any]) -> str | None:
    """Return the key of a resource by its first business identifier, None where it has none."""
    tokens = tokens_of(resource)
    if not tokens:
        return None
    kind = resource["resourceType"]
    return f"{kind}?identifier={tokens[0]}{_told_apart(resource) if kind != PATIENT else ''}"


def by_content(kind: str, content: dict[str, Any]) -> str:
    """Return the key of what has neither id nor identifier."""
    return f"{kind}#{fingerprint_of(content)}"


def fingerprint_of(content: dict[str, Any]) -> str:
    """Return the SHA-256 of what is stated, whatever the order of members."""
    return hashlib.sha256(canonical(content).encode("utf-8", "surrogatepass")).hexdigest()


def tokens_of(resource: dict[str, Any]) -> tuple[str, ...]:
    """Return the business identifiers of a resource as `system|value`."""
    listed = resource.get("identifier")
    found = []
    for each in listed if isinstance(listed, list) else (listed,):
        if isinstance(each, dict) and isinstance(value := each.get("value"), str):
            system = each.get("system")
            found.append(f"{system if isinstance(system, str) else ''}|{value}")
    return tuple(found)


def _told_apart(resource: dict[str, Any]) -> str:
    """An accession number may stand on every result of a panel: code and time tell them apart."""
    when = next((resource[each] for each in _WHEN if isinstance(resource.get(each), str)), "")
    code = resource.get("code")
    codings = code.get("coding") if isinstance(code, dict) else None
    first = codings[0] if isinstance(codings, list) and codings else None
    said = first.get("code") if isinstance(first, dict) else None
    return f"&{when}&{said if isinstance(said, str) else ''}"
