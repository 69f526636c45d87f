"""What surrounds a resource: the bundle, line or file it came in, when that was made, and what it holds beside."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from twin.importers.fhir.lasting import Lasting
from twin.importers.fhir.primitive import read_moment
from twin.importers.fhir.scan import canonical
from twin.record.moment import Moment

MESSAGES = frozenset({"transaction", "batch", "document"})
"""Bundles that are a message or document: their time is when their content could be known. A search or an export made
years later only says when somebody asked."""
REQUESTS = frozenset({"transaction", "batch"})
"""Bundles whose urns are made for them; elsewhere a urn is a resource's lasting name."""
_END_OF_DAY_ANYWHERE = timedelta(
    hours=36
)  # a day named without a zone ends last at UTC-12, 36 h after its midnight UTC
_MOST_BEHIND = 50  # entries; a result points at a person, a visit, a practice and their staff
_DAY = len("2020-01-31")


@dataclass(frozen=True, kw_only=True, slots=True)
class Other:
    """Another resource that says something of this one, and the text of its entry."""

    resource: Mapping[str, Any]  # Any: not looked at yet
    entry_text: str


Find = Callable[[str], Other | None]


def _nothing(name: str) -> None:
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """The bundle (or file) that holds resources: its type, and when it was made, as written."""

    received: Moment
    kind: str = "collection"
    stated: str | None = None
    sent: Moment | None = None
    medicine: Find = _nothing
    """The Medication of a name."""
    group: Find = _nothing
    """The report or panel that has the Observation of a name among its results."""
    by_url: Find = _nothing
    """The entry of a fullUrl."""
    lasting: Lasting = field(default_factory=lambda: Lasting(_nothing))
    """What the urns of this request point at."""

    @staticmethod
    def of(now: datetime) -> "Envelope":
        """Return the envelope of what says nothing of itself, received now."""
        return Envelope(received=Moment(start=now, end=now))

    def made_at(self, stated: str) -> "Envelope":
        """Return the same with the time it says it was made.

        Raises:
            ValueError: the time stamp is none.
        """
        return replace(self, stated=stated, sent=read_moment(stated))

    @property
    def is_message(self) -> bool:
        return self.kind in MESSAGES

    @property
    def sent_at(self) -> datetime | None:
        """The last instant at which it can have been made."""
        if self.sent is None or self.stated is None:
            return None
        return self.sent.end + _END_OF_DAY_ANYWHERE if len(self.stated) <= _DAY else self.sent.end

    def behind(self, resource: Mapping[str, Any]) -> tuple[str, ...]:  # Any: JSON
        """Return the texts of the entries that the urns in a resource point at, and those in these."""
        found: dict[str, str] = {}
        waiting: list[object] = [resource]
        while waiting and len(found) < _MOST_BEHIND:
            each = waiting.pop()
            if isinstance(each, list):
                waiting += each
            elif isinstance(each, Mapping):
                urn = each.get("reference")
                other = self.by_url(urn) if isinstance(urn, str) and urn not in found else None
                if isinstance(urn, str) and other is not None:
                    found[urn] = other.entry_text
                    waiting.append(other.resource)
                waiting += each.values()
        return tuple(found.values())

    def wrap(self, *entries: str) -> str:
        """Return a Bundle of these entries that reads as they read here."""
        time = f',"timestamp":{canonical(self.stated)}' if self.stated is not None else ""
        return f'{{"resourceType":"Bundle","type":"{self.kind}"{time},"entry":[{",".join(entries)}]}}'
