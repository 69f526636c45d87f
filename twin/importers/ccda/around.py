"""What a statement takes from what stands around it: its section, its organizer's time, a concern's status."""

from dataclasses import dataclass

from twin.importers.ccda.codes import Concept
from twin.importers.ccda.header import Document
from twin.importers.ccda.sections import Section
from twin.importers.ccda.times import NEVER, Span
from twin.record.moment import Moment


@dataclass(frozen=True, kw_only=True, slots=True)
class Around:
    """The surroundings of a clinical statement. `head`, `opening` and `closing` are their markup, for its body."""

    document: Document
    section: Section
    path: str
    head: str = ""
    opening: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()
    time: Span = NEVER
    author: Moment | None = None
    is_negated: bool = False
    is_nullified: bool = False
    concern: str = ""
    relative: Concept | None = None
    relative_digest: str = ""

    def told(self) -> str:
        """What of the surroundings changes the meaning of a statement: part of its content."""
        parts = (self.time.stated, self.is_negated, self.is_nullified, self.concern, self.relative_digest)
        return "|".join(str(each) for each in parts)
