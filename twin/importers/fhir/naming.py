"""What a resource is called: its key in its source, the names references use, its identifiers and its fingerprint."""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from twin.importers.base import Item, Reject
from twin.importers.fhir.envelope import REQUESTS, Envelope
from twin.importers.fhir.lasting import by_identifier, fingerprint_of, stated, tokens_of
from twin.importers.fhir.version import TYPES


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A resource as it stood in its source: the value, its own text, and the text of the bundle entry that holds it."""

    where: str
    resource: dict[str, Any]  # Any: JSON
    text: str
    entry_text: str
    full_url: object = None
    unless: tuple[str, ...] = ()
    """Where one of these identifiers is there already, it is not to be made (`ifNoneExist`)."""
    fault: str | None = None
    """What was wrong with the JSON, where that can still be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """A resource with its names; from it its item is made once its fate is known."""

    entry: Entry
    envelope: Envelope
    kind: str
    key: str
    fingerprint: str
    aliases: tuple[str, ...]
    tokens: tuple[str, ...]
    behind: tuple[str, ...] = ()
    """The texts of the entries that it is named by: without them its body would read to another key."""

    def body(self, *others: str) -> str:
        """Return a Bundle that reads to this resource again, with what it takes its meaning from."""
        return self.envelope.wrap(self.entry.entry_text, *self.behind, *others)

    def item(self, *, body: str | None = None, **fate: Any) -> Item:  # Any: the fate fields of Item
        """Return the resource's item; its text is kept to be read back."""
        return Item(
            key=self.key,
            fingerprint=self.fingerprint,
            kind=self.kind,
            where=self.entry.where,
            aliases=self.aliases,
            sent_at=self.envelope.sent_at,
            body=body or self.body(),
            resource=self.entry.text,
            tokens=self.tokens,
            unless=self.entry.unless,
            **fate,
        )

    def beside(self, part: str, content: str = "", **fate: Any) -> Item:  # Any: the fate fields of Item
        """Return an item for a part of the resource that has a fate of its own."""
        return Item(
            key=f"{self.key}.{part}",
            fingerprint=_sha256(f"{part} {content}"),
            kind=f"{self.kind}.{part.partition('[')[0]}",
            where=f"{self.entry.where}.{part}",
            sent_at=self.envelope.sent_at,
            body=self.body(),
            **fate,
        )

    def refused(self, reason: str, detail: str) -> Item:
        """Return its reject."""
        made = refused(self.entry, self.envelope, reason, detail, key=self.key, fingerprint=self.fingerprint)
        return replace(made, body=self.body()) if self.behind else made


def refused(
    entry: Entry,
    envelope: Envelope,
    reason: str,
    detail: str,
    *,
    key: str | None = None,
    fingerprint: str | None = None,
) -> Item:
    """Return the reject of what a source held, with its body as received; without a key it is known by its content."""
    fingerprint = fingerprint or _sha256(entry.entry_text)
    kind = entry.resource.get("resourceType")
    kind = kind if isinstance(kind, str) and kind in TYPES else "unknown"
    return Item(
        key=key or f"{kind}#{fingerprint}",
        fingerprint=fingerprint,
        kind=kind,
        where=entry.where,
        reject=Reject(where=entry.where, reason=reason, detail=detail),
        sent_at=envelope.sent_at,
        body=envelope.wrap(entry.entry_text),
    )


def name(entry: Entry, envelope: Envelope) -> Named:
    """Return a resource with its key, its fingerprint, and every name that a reference may call it by.

    A urn in a transaction is made for that transaction: what has no id is known there by its identifier, code and time,
    or by its content. In a document, a collection or an export the urn is the resource's own name.
    """
    resource = entry.resource
    kind = resource["resourceType"]
    own_id = resource.get("id")
    is_temporary = own_id is None and envelope.kind in REQUESTS
    content = envelope.lasting.content(resource) if is_temporary else stated(resource)
    url = (entry.full_url,) if isinstance(entry.full_url, str) else ()
    aliases = (f"{kind}/{own_id}", *url) if own_id else url
    fingerprint = fingerprint_of(content)
    key = by_identifier(resource) if own_id is None else None
    if key is None:
        key = aliases[0] if aliases and not is_temporary else f"{kind}#{fingerprint}"
    return Named(
        entry=entry, envelope=envelope, kind=kind, key=key, fingerprint=fingerprint, aliases=aliases,
        tokens=tokens_of(resource), behind=envelope.behind(resource) if is_temporary else (),
    )  # fmt: skip


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
