"""The rows of a table in `twin/record/data`."""

import csv
from importlib.resources import files


def rows(name: str) -> list[dict[str, str]]:
    """Return every row of a table as column to cell."""
    return list(csv.DictReader((files("twin.record") / "data" / name).read_text(encoding="utf-8").splitlines()))
