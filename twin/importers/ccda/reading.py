"""What does a CDA document say? Its patient, then its statements, one item each, section by section."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from lxml import etree

from twin.importers.base import Context, Item, Reject
from twin.importers.ccda.codes import Concept
from twin.importers.ccda.entries import readings
from twin.importers.ccda.facts import known
from twin.importers.ccda.header import Document, death_of, document_of, keys_of, patient_of
from twin.importers.ccda.keys import keys_of as item_keys
from twin.importers.ccda.markup import MAX_BYTES, attribute, roots
from twin.importers.ccda.shell import APART, body_of, header_of, written
from twin.importers.ccda.statements import MAX_SHELL, Reading
from twin.importers.ccda.times import BadTime
from twin.importers.content import Content
from twin.record.fact import FactDraft

_TWO_PATIENTS = "the document has several recordTargets"


def items(content: Content, context: Context) -> Iterator[Item]:
    """Yield the patient, then one item a statement, section by section.

    Raises:
        UnreadableInput: not well-formed XML, with a document type, in a strange encoding, or too large.
    """
    for root in roots(content.read(MAX_BYTES)):
        document = document_of(root, context.zone, context.patient)
        header = header_of(document)
        for number, target in enumerate(document.targets, start=1):
            yield _patient(target, document, f"recordTarget[{number}] (line {target.sourceline})", header)
        found = list(readings(document))
        mark = attribute(root, APART)
        apart = int(mark) if mark in ("1", "2") else 0
        keys = item_keys([(each.names, each.fingerprint) for each in found], document.patient_key, apart)
        for reading, (key, level) in zip(found, keys, strict=True):
            yield _item(reading, key, level, document, header)


def _patient(target: etree._Element, document: Document, where: str, header: str) -> Item:
    names = keys_of(target)
    text = written(target)
    item = Item(
        key=names[0],
        fingerprint=hashlib.sha256(text.encode()).hexdigest(),
        kind="Patient",
        where=where,
        aliases=names,
        version_at=_version(document),
        sent_at=document.sent_at,
        body=body_of(header, ""),
    )
    if document.is_two_patients:
        return replace(item, reject=Reject(where=where, reason="two_patients", detail=_TWO_PATIENTS))
    try:
        return replace(item, patient=patient_of(target), facts=_death(target, document, where))
    except BadTime as error:
        return replace(item, reject=Reject(where=where, reason=error.reason, detail=f"birth or death: {error}"))


def _death(target: etree._Element, document: Document, where: str) -> tuple[FactDraft, ...]:
    """The death that a header tells of. Without its date it is known from the document's time on: nobody is to be
    reminded who is known to be dead."""
    found = death_of(target, document)
    if found is None:
        return ()
    died, is_dated = found
    known_at, basis = known(died, None, document.made)
    return (
        FactDraft(
            kind="death",
            coding=Concept(words="" if is_dated else "died before this document; no date").coding,
            observed_at=died.start,
            ended_at=died.until,
            known_at=known_at,
            known_basis=basis,
            where=where,
            resource=keys_of(target)[0],
        ),
    )


def _item(reading: Reading, key: str, level: int, document: Document, header: str) -> Item:
    reject, facts = reading.reject, tuple(replace(each, resource=key) for each in reading.facts)
    if document.is_two_patients and reading.unused is None:
        reject, facts = Reject(where=reading.where, reason="two_patients", detail=_TWO_PATIENTS), ()
    content = reading.content() if len(header) <= MAX_SHELL else ""
    return Item(
        key=key,
        fingerprint=reading.fingerprint,
        kind=reading.kind,
        where=reading.where,
        subject=document.subject,
        facts=facts,
        reject=reject,
        not_used=reading.unused,
        version_at=_version(document),
        sent_at=document.sent_at,
        body=body_of(header, content, apart=level) if content else "",
    )


def _version(document: Document) -> datetime | None:
    return document.made.end if document.made else None
