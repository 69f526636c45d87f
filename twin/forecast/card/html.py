"""The card as HTML: a part for the dashboard, or a page that stands alone in one file without script."""

from collections.abc import Mapping
from html import escape
from typing import Any

from twin.forecast.card.page import Section, Table, sections
from twin.forecast.card.plot import svg

_STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;display:block;overflow-x:auto;margin:0 0 1rem}"
    "td,th{border-bottom:1px solid #ccc;padding:.2rem .6rem;text-align:left;vertical-align:top}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}}"
)


def part(card: Mapping[str, Any], version: str) -> str:
    """Return the card as sections of HTML, for a page that has its own head and style."""
    return "".join(_section(each) for each in sections(card, version))


def page(card: Mapping[str, Any], version: str) -> str:
    """Return the card as one HTML file that needs nothing beside it."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(card['title'])}, {escape(version)}</title><style>{_STYLE}</style></head>"
        f"<body>{part(card, version)}</body></html>"
    )


def _section(section: Section) -> str:
    sentences = "".join(f"<p>{escape(each)}</p>" for each in section.sentences)
    plots = "".join(
        f"<figure>{svg(each)}<figcaption>{escape(each.title)}</figcaption></figure>" for each in section.plots
    )
    tables = "".join(_table(each) for each in section.tables)
    return f"<section><h2>{escape(section.title)}</h2>{sentences}{plots}{tables}</section>"


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in table.head)
    rows = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(each)}</td>" for each in row[1:])}</tr>'
        for row in table.rows
    )
    shown = f"<thead><tr>{head}</tr></thead>" if any(table.head) else ""
    return f"<table>{shown}<tbody>{rows}</tbody></table>"
