"""Whom is a FHIR document about? Its Composition's subject, and nobody else in it (hl7.org/fhir/R4/documents.html)."""

from dataclasses import replace

from twin.importers.base import Item, Reject
from twin.importers.fhir.reference import PATIENT
from twin.importers.fhir.walk import Document

_DETAIL = "the document is about another patient"


def others_in(document: Document) -> frozenset[str]:
    """Return the names of the patients in a document that are not its subject; none where it holds one patient."""
    patients = [_names(held.value) for held in document.entries if held.kind == PATIENT]
    if len(patients) < 2:
        return frozenset()
    subject = next((_subject(held.value) for held in document.entries if held.kind == "Composition"), "")
    return frozenset(name for names in patients if subject not in names for name in names)


def of_one(item: Item, others: frozenset[str]) -> Item:
    """Return an item of a document, refused where it is one of the others, or speaks of one."""
    names = (item.key, *item.aliases) if item.patient is not None else item.subject.keys if item.subject else ()
    if item.reject is not None or others.isdisjoint(names):
        return item
    reject = Reject(where=item.where, reason="two_patients", detail=_DETAIL)
    return replace(item, patient=None, facts=(), not_used=None, resource=None, reject=reject)


def _names(entry: object) -> frozenset[str]:
    """The names by which a reference may call an entry's resource."""
    resource = entry.get("resource") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(resource, dict):
        return frozenset()
    found = (entry.get("fullUrl"), f"{PATIENT}/{resource['id']}" if isinstance(resource.get("id"), str) else None)
    return frozenset(name for name in found if isinstance(name, str))


def _subject(entry: object) -> str:
    resource = entry.get("resource") if isinstance(entry, dict) else None
    subject = resource.get("subject") if isinstance(resource, dict) else None
    reference = subject.get("reference") if isinstance(subject, dict) else None
    return reference if isinstance(reference, str) else ""
