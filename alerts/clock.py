"""What time is it at the site?"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, kw_only=True)
class SystemClock:
    """The machine's clock in the site's time zone, whose midnight turns "due" into "overdue"."""

    zone: ZoneInfo

    def now(self) -> datetime:
        """Return the time now, aware, in the site's zone."""
        return datetime.now(self.zone)
