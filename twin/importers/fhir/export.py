"""What a bulk export says of itself: when it was made, which files belong to it, and the medicines beside.

Source: hl7.org/fhir/uv/bulkdata/STU2/export.html, response of the completed request.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from twin.errors import UnreadableInput
from twin.importers.base import Item, Reject
from twin.importers.content import Content
from twin.importers.fhir.envelope import Envelope, Other
from twin.importers.fhir.lines import MAX_LINE_BYTES, lines
from twin.importers.fhir.primitive import read_moment
from twin.importers.fhir.scan import Number, Scanner, canonical, text_of, whole

MAX_MANIFEST_BYTES = 4 * 2**20
MAX_MEDICINES = 20_000  # a hospital's formulary is smaller; beyond, the reference itself is kept
_ASKED_SIBLINGS = 200  # of the small JSON files beside an NDJSON file, how many are asked whether they are its manifest
_TIME = re.compile(rb'"transactionTime"\s*:\s*"([^"\\]{1,40})"')
_OUTPUTS = ("output", "deleted", "error")


def is_manifest(value: dict[str, Any]) -> bool:
    """True for the response of an export: it names its time and its output, and is no resource."""
    return "resourceType" not in value and "transactionTime" in value and isinstance(value.get("output"), list)


def read_manifest(text: str, content: Content) -> Iterator[Item]:
    """Yield the manifest as not used, and a reject for every file that it names and that is missing or not whole."""
    manifest, start, end = whole(text, Scanner())
    body = text[start:end]
    fingerprint = hashlib.sha256(canonical(manifest).encode("utf-8", "surrogatepass")).hexdigest()
    names = {key: len(manifest[key]) for key in _OUTPUTS if isinstance(manifest.get(key), list)}
    told = ", ".join(f"{count} {name}" for name, count in names.items())
    yield Item(
        key=f"manifest#{fingerprint}", fingerprint=fingerprint, kind="manifest", where="manifest", body=body,
        not_used=f"the manifest of a bulk export ({told}): its time is that of the files beside it",
    )  # fmt: skip
    claimed: set[str] = set()
    for index, output in enumerate(manifest["output"]):
        wrong = _missing(output, content, claimed)
        if wrong is not None:
            where = f"manifest.output[{index}]"
            own = hashlib.sha256(f"{fingerprint} {where} {wrong[0]}".encode()).hexdigest()
            yield Item(
                key=f"manifest#{own}", fingerprint=own, kind="manifest.output", where=where, body=body,
                reject=Reject(where=where, reason=wrong[0], detail=wrong[1]),
            )  # fmt: skip


def envelope_of(content: Content, now: datetime) -> Envelope:
    """Return the envelope of an NDJSON file: when its export was made, and the Medication file beside it."""

    @cache
    def medicines() -> dict[str, Other]:
        return dict(_medicines(content))

    stated = _transaction_time(content)
    envelope = replace(Envelope.of(now), medicine=lambda name: medicines().get(name))
    return envelope.made_at(stated) if stated is not None else envelope


def _transaction_time(content: Content) -> str | None:
    """The time its manifest states, or else its log, where one lies beside it."""
    beside = content.beside()
    candidates = [each for name, each in sorted(beside.items()) if name.endswith(".json")][:_ASKED_SIBLINGS]
    candidates += [each for name, each in sorted(beside.items()) if name == "log.ndjson"]
    for each in candidates:
        if each.size <= MAX_MANIFEST_BYTES and b'"resourceType"' not in each.head[:1000]:
            match = _TIME.search(each.head)
            stated = match[1].decode("ascii", "replace") if match else None
            if stated is not None and _is_time(stated):
                return stated
    return None


def _is_time(stated: str) -> bool:
    try:
        read_moment(stated)
    except ValueError:
        return False
    return True


def _missing(output: object, content: Content, claimed: set[str]) -> tuple[str, str] | None:
    """Return reason and detail where an output's file is not here or holds fewer resources than were declared."""
    kind, url = (output.get("type"), output.get("url")) if isinstance(output, dict) else (None, None)
    if not isinstance(kind, str) or not isinstance(url, str) or not kind.isalpha():
        return "invalid", "an output without type and url"
    beside = content.beside()
    name = urlsplit(url).path.rpartition("/")[2].lower()
    if name not in beside:
        alike = (each for each in sorted(beside) if each.startswith(f"{kind.lower()}.") and each not in claimed)
        name = next(alike, "")
    count = output.get("count") if isinstance(output, dict) else None
    declared = int(count) if isinstance(count, Number) and count.text.isdigit() and len(count.text) < 15 else None
    if not name:
        how_many = f"{declared} resources " if declared is not None else ""
        return "missing_file", f"{how_many}of type {kind[:40]}: the file is not beside the manifest"
    claimed.add(name)
    if declared is None:
        return None
    with beside[name].open() as file:
        found = sum(1 for _ in lines(file))
    if found == declared:
        return None
    return "incomplete_file", f"{declared} resources of type {kind[:40]} declared, {found} lines are here"


def _medicines(content: Content) -> Iterator[tuple[str, Other]]:
    """The Medications in the files beside, as far as memory is bounded."""
    left = MAX_MEDICINES
    for name, sibling in sorted(content.beside().items()):
        if not name.startswith("medication.") or not name.endswith(".ndjson"):
            continue
        with sibling.open() as file:
            for _, line in lines(file):
                if len(line) > MAX_LINE_BYTES or left <= 0:
                    continue
                try:
                    text = text_of(line).strip()
                    resource, _, _ = whole(text, Scanner())
                except UnreadableInput:
                    continue
                if isinstance(resource, dict) and isinstance(resource.get("id"), str):
                    left -= 1
                    parts = {key: resource[key] for key in ("resourceType", "code", "ingredient") if key in resource}
                    yield f"Medication/{resource['id']}", Other(resource=parts, entry_text=f'{{"resource":{text}}}')
