"""FHIR R4 (hl7.org/fhir/R4): transaction and batch bundles to items, one a resource."""

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from twin.errors import UnreadableInput, UnsupportedVersion
from twin.importers.base import Context, Importer, Item, Reject, Subject
from twin.importers.content import Content
from twin.importers.fhir import facts as read
from twin.importers.fhir.keepable import is_suspect, why_not
from twin.importers.fhir.models import IdentifierModel, PatientModel, Reference
from twin.record.fact import FactDraft
from twin.record.timeline import Identifier

BUNDLE_TYPES = frozenset({"transaction", "batch", "collection", "searchset", "document"})
_TOLERATED_FUTURE = timedelta(days=1)  # clocks and time zones differ; a result from next week is wrong
_LOOKS_LIKE_FHIR = re.compile(rb'^\s*\{.*?"resourceType"\s*:', re.DOTALL)
_R5_ONLY = frozenset({"MedicationUsage", "Transport", "InventoryItem", "GenomicStudy", "ImagingSelection"})
_DSTU2_ONLY = frozenset({"MedicationOrder", "DiagnosticOrder", "ProcedureRequest", "ReferralRequest", "BodySite"})


def parse(content: bytes) -> dict[str, Any]:
    """Return the resource in `content`, decimals digit for digit.

    Raises:
        UnreadableInput: not UTF-8 JSON, or not a FHIR resource.
        UnsupportedVersion: DSTU2, STU3 or R5.
    """
    try:
        resource = json.loads(content, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        place = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise UnreadableInput(f"not JSON{place}") from None
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        raise UnreadableInput("not a FHIR resource: no resourceType")
    _check_version(resource)
    return resource


def read_items(content: Content, context: Context) -> Iterator[Item]:
    """Yield one item an entry, patients first, then the rest in the order of the bundle."""
    given, now = content.read(), context.now
    bundle = parse(given)
    if bundle["resourceType"] != "Bundle":
        raise UnreadableInput(f"a {_short(bundle['resourceType'])}, not a Bundle")
    if bundle.get("type") not in BUNDLE_TYPES:
        raise UnreadableInput(f"a Bundle of type {_short(bundle.get('type'))}; transaction or batch is taken")
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise UnreadableInput("Bundle.entry is not a list")
    births: dict[str, Any] = {}
    later = []
    suspect = is_suspect(given)
    for index, entry in enumerate(entries):
        where = f"Bundle.entry[{index}]"
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            yield _refused("", "unknown", where, "invalid", "no resource in this entry", entry)
        elif (wrong := why_not(entry, is_suspect=suspect)) is not None:
            yield _refused("", str(resource["resourceType"])[:40], where, "invalid", wrong, entry)
        elif resource["resourceType"] == "Patient":
            item = _patient(resource, entry, where, now)
            if item.patient is not None:
                births.update({alias: item.patient.birth_date for alias in item.aliases})
            yield item
        else:
            later.append((resource, entry, where))
    for resource, entry, where in later:
        yield _item(resource, entry, where, now, births)


def _patient(resource: dict[str, Any], entry: dict[str, Any], where: str, now: datetime) -> Item:
    key, fingerprint, aliases = _names(resource, entry)
    try:
        model = PatientModel.model_validate(resource)
    except ValidationError as error:
        return _refused(key, "Patient", where, "invalid", _why(error), resource)
    draft = read.patient_of(model)
    deaths = read.deaths(model, where)
    if draft.birth_date is not None and draft.birth_date > now.date():
        return _refused(key, "Patient", where, "impossible_date", "born in the future", resource)
    wrong = _impossible(deaths, draft.birth_date, now)
    if wrong is not None:
        return _refused(key, "Patient", where, "impossible_date", wrong, resource)
    return Item(
        key=key,
        fingerprint=fingerprint,
        kind="Patient",
        where=where,
        aliases=aliases,
        patient=draft,
        facts=deaths,
        version_at=model.meta.lastUpdated.end if model.meta and model.meta.lastUpdated else None,
        body=_text(resource),
    )


def _item(resource: dict[str, Any], entry: dict[str, Any], where: str, now: datetime, births: dict[str, Any]) -> Item:
    kind = resource["resourceType"]
    key, fingerprint, aliases = _names(resource, entry)
    reader = read.READERS.get(kind)
    if reader is None:
        return Item(
            key=key, fingerprint=fingerprint, kind=kind, where=where, not_used=f"{kind} is not used by the twin"
        )
    try:
        model = reader[0].model_validate(resource)
        drafts = reader[1](model, where)
    except ValidationError as error:
        return _refused(key, kind, where, "invalid", _why(error), resource)
    except read.NotAFact as error:
        return _refused(key, kind, where, "no_date_or_code", str(error), resource)
    subject = _subject(getattr(model, "subject", None) or getattr(model, "patient", None))
    born = next((births[alias] for alias in subject.keys if alias in births), None)
    wrong = _impossible(drafts, born, now)
    if wrong is not None:
        return _refused(key, kind, where, "impossible_date", wrong, resource)
    return Item(
        key=key,
        fingerprint=fingerprint,
        kind=kind,
        where=where,
        aliases=aliases,
        subject=subject,
        facts=drafts,
        version_at=model.meta.lastUpdated.end if model.meta and model.meta.lastUpdated else None,
        body=_text(resource),
    )


def _impossible(drafts: tuple[FactDraft, ...], born: Any, now: datetime) -> str | None:
    for draft in drafts:
        if draft.observed_at > now + _TOLERATED_FUTURE:
            return "in the future"
        if born is not None and draft.observed_at.date() < born:
            return "before birth"
        if draft.ended_at is not None and draft.ended_at < draft.observed_at:
            return "ends before it begins"
    return None


def _names(resource: dict[str, Any], entry: dict[str, Any]) -> tuple[str, str, tuple[str, ...]]:
    """Return the item's key, its fingerprint, and every name that a reference may call it by."""
    kind = resource["resourceType"]
    stated = {name: value for name, value in resource.items() if name not in ("meta", "text")}
    content = json.dumps(stated, sort_keys=True, default=str, ensure_ascii=False, separators=(",", ":"))
    fingerprint = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
    full_url = entry.get("fullUrl")
    own_id = resource.get("id")
    aliases = tuple(
        name
        for name in (
            f"{kind}/{own_id}" if isinstance(own_id, str) else None,
            full_url if isinstance(full_url, str) else None,
        )
        if name
    )
    return (aliases[0] if aliases else f"{kind}#{fingerprint}"), fingerprint, aliases


def _subject(reference: Reference | None) -> Subject:
    if reference is None:
        return Subject()
    keys: tuple[str, ...] = ()
    identifiers = (_identifier(reference.identifier),) if reference.identifier else ()
    name = reference.reference
    if name:
        if "?identifier=" in name:
            system, _, value = name.partition("?identifier=")[2].rpartition("|")
            identifiers = (*identifiers, Identifier(system=system, value=value))
        elif name.startswith("urn:"):
            keys = (name,)
        else:
            keys = (name, "/".join(name.split("/_history")[0].split("/")[-2:]))
    return Subject(keys=keys, identifiers=tuple(each for each in identifiers if each.value))


def _identifier(model: IdentifierModel) -> Identifier:
    return Identifier(system=model.system, value=model.value or "")


def _refused(key: str, kind: str, where: str, reason: str, detail: str, body: object) -> Item:
    text = _text(body)
    fingerprint = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Item(
        key=key or f"{kind}#{fingerprint}",
        fingerprint=fingerprint,
        kind=kind,
        where=where,
        reject=Reject(where=where, reason=reason, detail=detail),
        body=text,
    )


def _text(body: object) -> str:
    return json.dumps(body, default=str, ensure_ascii=False)


def _why(error: ValidationError) -> str:
    """The first fault: its path and what is wrong, without the value."""
    first = error.errors(include_input=False, include_context=False, include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def _check_version(resource: dict[str, Any]) -> None:
    declared = str(resource.get("fhirVersion", ""))
    kinds = {resource["resourceType"]}
    entries = resource.get("entry")
    for entry in entries if isinstance(entries, list) else ():
        inner = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(inner, dict):
            kinds.add(inner.get("resourceType"))
            declared = declared or str(inner.get("fhirVersion", ""))
    if declared.startswith("5") or kinds & _R5_ONLY:
        raise UnsupportedVersion("FHIR R5; this instance takes R4 (4.0.x)")
    if declared.startswith(("1.0", "0.")) or kinds & _DSTU2_ONLY:
        raise UnsupportedVersion("FHIR DSTU2 or STU3; this instance takes R4 (4.0.x)")
    if declared.startswith(("3", "1.")):
        raise UnsupportedVersion("FHIR STU3; this instance takes R4 (4.0.x)")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _short(value: object) -> str:
    text = str(value) if isinstance(value, str) else "unnamed"
    return text[:40] if text.isprintable() else "unnamed"


IMPORTER = Importer(
    key="fhir",
    title="FHIR R4 bundle (JSON)",
    recognises=lambda head, name: (
        bool(_LOOKS_LIKE_FHIR.match(head)) or head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    ),
    read=read_items,
)
