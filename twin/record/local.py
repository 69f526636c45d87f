"""What this site has said its own codes and unit texts mean, beside the tables that come with the program.

It is made by an administrator (`twin codes`), kept in the database and handed in: nothing here reads it from anywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

ANY_SOURCE = ""
"""As the source of a local code: whichever system sends it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalMapping:
    """A site's own mappings. Where they speak, they stand above the tables.

    `codes`: (source, code system, code) to the key of a signal or concept; the source `""` means any.
    `units`: unit text as received to UCUM. The UCUM unit must still belong to the analyte.
    `version`: changes whenever a mapping does, empty where there is none; it stands on every derived value.
    """

    codes: Mapping[tuple[str, str, str], str] = field(default_factory=lambda: MappingProxyType({}))
    units: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    version: str = ""

    def key_of(self, source: str, system: str, code: str) -> str | None:
        """Return the key that a code of this source means, if the site has said so."""
        if not self.codes:
            return None
        return self.codes.get((source, system, code)) or self.codes.get((ANY_SOURCE, system, code))

    def unit_of(self, text: str | None) -> str | None:
        """Return the unit to read instead of `text`: the site's reading, or `text` as it is."""
        return self.units.get(text.strip(), text) if self.units and text else text


NO_LOCAL = LocalMapping()
"""A site that has said nothing."""
