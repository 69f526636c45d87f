"""What is a table, whatever file it came in? Named sheets of numbered rows of text, read again and again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

PARQUET_MAGIC = b"PAR1"
ZIP_MAGIC = b"PK\x03\x04"


class Row(NamedTuple):
    """A row as text; `number` counts as a spreadsheet does, from 1; `fault` says why it can't be read."""

    number: int
    cells: list[str]
    fault: tuple[str, str] | None
    """Reason and detail of a reject."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """One table of a file. `name` is the sheet's, empty where the file is the table."""

    name: str
    rows: Callable[[], Iterator[Row]]
    is_ragged: bool = False
    """Empty cells at the end of a row may be left out (workbooks)."""

    def where(self, number: int) -> str:
        """Return the place of a row as a person would name it."""
        return f"{self.name} row {number}" if self.name else f"row {number}"
