"""What stands on a card, in order, before it becomes Markdown or HTML: sections of sentences, tables and plots."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twin.forecast.card.plot import Plot
from twin.forecast.card.tripod import place, shown

Json = Mapping[str, Any]  # a card, or a part of one

_MEASURES = {
    "auc": "AUC",
    "brier": "Brier",
    "scaled_brier": "Scaled Brier",
    "ici": "ICI",
    "intercept": "Intercept",
    "slope": "Slope",
    "observed_expected": "Observed / expected",
}
_WARNING = (
    "Figures hold for patients like those below and nowhere else. An interval shows chance in who was in the data, "
    "not how the model does in another place."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Rows under a head, all of one width."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A part of the card with its heading."""

    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    plots: tuple[Plot, ...] = ()


def sections(card: Json, version: str) -> tuple[Section, ...]:
    """Return the card's sections; `version` is that of the model file it stands in."""
    return (
        _head(card, version),
        _use(card),
        _population(card),
        Section(title="Inputs", sentences=_held(card), tables=(_inputs(card),)),
        _validation(card),
        _calibration(card),
        _benefit(card),
        Section(title="Subgroups", tables=_subgroups(card)),
        *_recalibration(card),
        Section(title="Limits", sentences=tuple(card["limits"]) or ("None were named.",)),
        Section(title="TRIPOD+AI", tables=(_tripod(card),)),
    )


def _head(card: Json, version: str) -> Section:
    rows = (
        ("Version", version),
        ("Kind", card["kind"]),
        ("Made on", card["made_on"]),
        ("Made by", card["software"]),
        ("Method", card["method"]),
    )
    return Section(title=card["title"], sentences=(_WARNING,), tables=(Table(head=("", ""), rows=rows),))


def _use(card: Json) -> Section:
    answers = {row["item"]: row.get("answer", "") for row in card["tripod"]}
    return Section(
        title="What it is for",
        sentences=(card["intended_use"], f"It predicts: {answers['8a']}", f"Whom it serves: {answers['6b']}"),
    )


def _population(card: Json) -> Section:
    data, people, answers = card["data"], card["population"], {row["item"]: row for row in card["tripod"]}
    rows = (
        ("Source", data["source"]),
        ("Setting", data["setting"]),
        ("Span", answers["5b"].get("answer", "")),
        ("Patients", f"{people['patients']}"),
        ("Events", f"{people['events']}"),
        ("Competing events", f"{people['competing_events']}"),
        ("Censored", f"{people['censored']}"),
        ("Follow-up, years", _quartiles(people["follow_up_years"])),
        ("Age, years", _quartiles(people["age"])),
        ("Sex", ", ".join(f"{name} {count}" for name, count in sorted(people["sex"].items()))),
        ("Predictions", f"{data['predictions']}"),
    )
    return Section(title="On whom it was made", tables=(Table(head=("", ""), rows=rows),))


def _held(card: Json) -> tuple[str, ...]:
    """What to know of units: cards made before inputs told their scale give what the model computes with."""
    if all("held" in each for each in card["inputs"]):
        return ()
    return (
        "This card was made before inputs told their scale: a number may be a logarithm, a count or a change of what "
        "has the unit.",
    )


def _inputs(card: Json) -> Table:
    rows = []
    for each in card["inputs"]:
        spread = each["quantiles"] or {}
        levels = tuple(f"{spread[level]:.4g}" if level in spread else "" for level in ("0.05", "0.5", "0.95"))
        rows.append((each["key"], each["unit"], f"{each['missing'] / max(each['count'], 1):.1%}", *levels))
    return Table(head=("Input", "Unit", "Missing", "5 %", "Median", "95 %"), rows=tuple(rows))


def _validation(card: Json) -> Section:
    found = card["validation"]
    rows = [("Mean", "", "", *(shown(found["mean"][name]) for name in _MEASURES))]
    rows += [
        (
            place(cell),
            str(cell["count"]),
            str(cell["patients_with_event"]),
            *(shown(cell["figures"][name]) for name in _MEASURES),
        )
        for cell in found["cells"]
    ]
    few = tuple(
        f"Not judged, too few: {place(cell)} ({cell['count']} patients or visits, {cell['cases']} events)."
        for cell in found["too_few"]
    )
    return Section(
        title="How well it does",
        sentences=(f"Judged by {found['how']}; intervals: {found['intervals']}.", *few),
        tables=(Table(head=("Where", "Rows", "Patients with the event", *_MEASURES.values()), rows=tuple(rows)),),
    )


def _calibration(card: Json) -> Section:
    cells = card["validation"]["by_horizon"]
    rows = tuple(
        (place(cell), str(point["count"]), f"{point['expected']:.3f}", shown(point["observed"]))
        for cell in cells
        for point in cell["points"]
    )
    return Section(
        title="Calibration",
        sentences=("On the diagonal, what is said comes true; above it the model says too little.",),
        tables=(Table(head=("Where", "Rows", "Said", "Observed"), rows=rows),),
        plots=tuple(_plot(cell) for cell in cells),
    )


def _plot(cell: Json) -> Plot:
    return Plot(
        title=f"Calibration {place(cell)}",
        points=tuple(
            (point["expected"], point["observed"]["value"], point["observed"]["low"], point["observed"]["high"])
            for point in cell["points"]
            if point["observed"]["value"] is not None
        ),
    )


def _benefit(card: Json) -> Section:
    rows = tuple(
        (place(cell), f"{one['threshold']:.0%}", shown(one["model"]), shown(one["everybody"]), "0")
        for cell in card["validation"]["by_horizon"]
        for one in cell["benefit"]
    )
    return Section(
        title="Net benefit",
        sentences=("Of acting on those at or above a risk, a person; better than both columns beside it, or no use.",),
        tables=(Table(head=("Where", "Risk", "Model", "Acting on all", "On none"), rows=rows),),
    )


def _subgroups(card: Json) -> tuple[Table, ...]:
    rows = []
    for group in card["subgroups"]:
        if "mean" in group:
            figures = tuple(shown(group["mean"][name]) for name in ("auc", "brier", "ici", "observed_expected"))
            rows.append((group["group"], str(group["patients"]), str(group["events"]), *figures))
        else:
            rows.append((group["group"], str(group["patients"]), "", "not judged: " + group["not_judged"], "", "", ""))
    return (
        Table(
            head=("Group", "Patients", "Events at most", "AUC", "Brier", "ICI", "Observed / expected"), rows=tuple(rows)
        ),
    )


def _recalibration(card: Json) -> tuple[Section, ...]:
    found = card.get("recalibration")
    if not found:
        return ()
    rows = tuple(
        (f"{line['horizon']:g}", str(line["events"]), f"{line['intercept']:+.3f}", f"{line['slope']:.3f}")
        for line in found["lines"]
    )
    judged = tuple((name, shown(found["before"][key]), shown(found["after"][key])) for key, name in _MEASURES.items())
    return (
        Section(
            title="Recalibrated on local data",
            sentences=(
                f"On {found['made_on']}, on {found['patients']} patients of this site, from version {found['from']}. "
                "The figures above are those of the model as it came; 'after' is judged on patients the lines were "
                "not fitted on.",
                *([f"The Brier score changed by {shown(found['change'], 5)}."] if "change" in found else []),
            ),
            tables=(
                Table(head=("Horizon, years", "Events", "Intercept", "Slope"), rows=rows),
                Table(head=("Measure", "Before", "After"), rows=judged),
            ),
        ),
    )


def _tripod(card: Json) -> Table:
    rows = tuple(
        (row["item"], row["asks"], row["answer"] if "answer" in row else f"Not reported: {row['not_reported']}")
        for row in card["tripod"]
    )
    return Table(head=("Item", "Asks", "Answer"), rows=rows)


def _quartiles(found: Json | None) -> str:
    if found is None:
        return "not known"
    return (
        f"median {found['median']:.1f}, quartiles {found['q25']:.1f} and {found['q75']:.1f}, "
        f"{found['min']:.1f} to {found['max']:.1f}"
    )
