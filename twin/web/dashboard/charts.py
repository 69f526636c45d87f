"""What does a chart island need to draw an organ's panels? Plain numbers by time, with the words it shows on hover.

Rows are arrays, not objects: a 30-year record would otherwise be mostly key names.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from twin.web.dashboard.format import moment, percent, percent_interval
from twin.web.dashboard.format import unit as unit_of
from twin.web.dashboard.names import Translate
from twin.web.dashboard.panels import Panel, organ_page, received
from twin.web.dashboard.shown import Body, shown_organ, text_of
from twin.web.dashboard.words import why_absent

QUANTILES = ("median", "q025", "q10", "q25", "q75", "q90", "q975")


def organ_charts(organ: Body, as_of: datetime | None, gettext: Translate, language: str) -> dict[str, object]:
    """Return the charts of one organ by panel id; times in ms since 1970, values in the panel's unit.

    `points`: [time, value, 1 if used, change, fact id, reason, as received]; `fitted`: [time, median, q10, q90];
    `forecast`: [time, median, q025, q10, q25, q75, q90, q975]; `reference`: [low, high, time from which it holds].
    """
    page, organ = organ_page(organ), shown_organ(organ)
    series = {("signal", row["key"], ""): row for row in organ["signals"]}
    series |= {("score", row["key"], row["output"]): row for row in organ["scores"]}
    charts = {
        panel.id: _chart(panel, series[(panel.kind, panel.key, panel.output)], gettext, language)
        for panel in page.panels
    }
    return {"asOf": ms(as_of), "charts": charts}


def ms(at: str | date | datetime | None) -> int | None:
    """Return a time as milliseconds since 1970, None for none."""
    when = moment(at)
    return None if when is None else int(when.timestamp() * 1000)


def _chart(panel: Panel, body: Body, gettext: Translate, language: str) -> dict[str, object]:
    points = _points(body, gettext) if panel.kind == "signal" else _history(body)
    return {
        "unit": unit_of(panel.unit, language),
        "scale": panel.scale,
        "reference": [*panel.reference, ms(panel.reference_since)],
        "points": points,
        "fitted": [[ms(row["at"]), row["median"], row["q10"], row["q90"]] for row in body.get("fitted") or ()],
        "forecast": [[ms(row["at"]), *(row[q] for q in QUANTILES)] for row in body["forecast"]],
        "thresholds": [_threshold(crossing, language) for crossing in panel.lines],
    }


def _points(body: Body, gettext: Translate) -> list[Sequence[object]]:
    return [
        [
            ms(point["observed_at"]), point["value"], int(point["used"]), point["change"], point["fact_id"],
            None if point["used"] else why_absent(point["reason"], gettext), received(point["received"]),
        ]
        for point in body["points"] if point["value"] is not None
    ]  # fmt: skip


def _history(body: Body) -> list[Sequence[object]]:
    rows = body["history"]
    return [
        [ms(row["at"]), row["value"], 1, row.get("change"), None, None, ""]
        for row in rows if row["value"] is not None
    ]  # fmt: skip


def _threshold(crossing: Body, language: str) -> dict[str, object]:
    when = crossing["crossing"]
    has_date = isinstance(when, Mapping) and when.get("median")
    year = next((p for p in crossing["probabilities"] if p["months"] == 12), None)
    told = f"{percent(year['p'])} ({percent_interval(year['low'], year['high'])})" if year else ""
    return {
        "value": crossing["value"],
        "text": text_of(crossing["label"], language),
        "past": crossing["already_past"],
        "on": crossing["status"] == "on",
        "median": ms(when["median"]) if has_date and not crossing["already_past"] else None,
        "low": ms(when["low80"]) if has_date else None,
        "high": ms(when["high80"]) if has_date else None,
        "probability": told,
    }
