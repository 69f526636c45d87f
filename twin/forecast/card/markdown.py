"""The card as Markdown: its tables, without the plots they stand beside."""

from collections.abc import Mapping
from typing import Any

from twin.forecast.card.page import Section, Table, sections

_SPECIAL = str.maketrans({each: f"\\{each}" for each in "\\`*_[]<>|#"} | {"\n": " ", "\r": " "})


def markdown(card: Mapping[str, Any], version: str) -> str:
    """Return the card of a model's version as a page of Markdown."""
    first, *rest = sections(card, version)
    return "\n".join([*_section(first, "#"), *(line for each in rest for line in _section(each, "##"))])


def _section(section: Section, mark: str) -> list[str]:
    lines = [f"{mark} {_plain(section.title)}", ""]
    for sentence in section.sentences:
        lines += [_plain(sentence), ""]
    for table in section.tables:
        lines += [*_table(table), ""]
    return lines


def _table(table: Table) -> list[str]:
    rows = [table.head, tuple("---" for _ in table.head), *table.rows]
    return [
        "| " + " | ".join(cell if number == 1 else _plain(cell) for cell in row) + " |"
        for number, row in enumerate(rows)
    ]


def _plain(words: str) -> str:
    return words.translate(_SPECIAL)
