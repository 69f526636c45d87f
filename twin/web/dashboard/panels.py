"""What does a panel of an organ say beside its chart? Made from one organ of a stored snapshot; pure.

A panel is one signal or one score. Those with a threshold come first, then those with data; what has no data becomes a
`Gap` that says what is missing, because an empty chart says nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from twin.organs.change_words import because
from twin.web.dashboard.format import days_of
from twin.web.dashboard.format import unit as unit_of
from twin.web.dashboard.shown import Body, shown_organ

FRONT = 4  # panels without a line that stand open; the others of an organ are one click away
WORTH_TELLING = 0.01  # of the chance within a year: lines further off stand in the table only
ROWS = 12  # values in the table beside a chart; all of them are one click away
AHEAD = (6, 12, 24)  # months of the forecast that the table names
DAYS_A_MONTH = 30.44


@dataclass(frozen=True, kw_only=True)
class Value:
    """One row of the table: a value as used, what was received, and what was made of it.

    `judged` is what the verdict rests on, in `unit`. `contradicted`: by another value of the same moment.
    """

    at: str
    value: float
    received: str
    used: bool
    reason: str | None
    change: str | None
    fact_id: int | None
    judged: Body | None = None
    unit: str = ""
    contradicted: bool = False

    @property
    def why(self) -> Body | None:
        """Why the change is real, not real or not to be told, in both languages; made when asked for, of a few rows."""
        return because(self.judged, unit_of(self.unit, "en")).as_dict() if self.judged else None


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """The forecast at one date: median and 80 % interval."""

    at: str
    median: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One signal or score with data. `crossings` are those about it; `values` run from the newest.

    `missing` says why there is no forecast, or no value of a score now; `trend` is the verdict on the latest change.
    `limit` is the source of what counts as a real change. `moved_by`: genes, treatments and diagnoses whose published
    effect the curve takes into account; `moves_with`: other signals whose values it rests on too. `conflicts`:
    values of one moment that contradict each other, the newest first. `reference_since`: the day from which the
    reference range holds, where there are older values; `no_reference`: why there is none.
    """

    kind: str
    key: str
    output: str
    unit: str
    scale: str
    reference: tuple[float | None, float | None]
    latest: Value | None
    values: Sequence[Value]
    total: int
    ahead: Sequence[Ahead]
    crossings: Sequence[Body]
    category: str | None
    caution: str | None
    source: str | None
    verification: str | None
    inputs: Sequence[Body]
    warnings: Sequence[str]
    trend: Body | None
    missing: str | None
    limit: str | None = None
    moved_by: Sequence[Body] = ()
    moves_with: Sequence[str] = ()
    conflicts: Sequence[Body] = ()
    reference_since: str | None = None
    no_reference: str | None = None

    @property
    def unread(self) -> Sequence[Body]:
        """What has begun since the newest value: the forecast moves by it though no value has yet."""
        return [each for each in self.moved_by if each["is_unread"]]

    @property
    def id(self) -> str:
        """A name for the panel within its organ, fit for an address and an element id."""
        return f"{self.kind}-{self.key}-{self.output}" if self.output else f"{self.kind}-{self.key}"

    @property
    def lines(self) -> Sequence[Body]:
        """The thresholds that are for this patient; they are drawn, and a panel with one is larger."""
        return [crossing for crossing in self.crossings if crossing["status"] != "not_applicable"]

    @property
    def told(self) -> Sequence[Body]:
        """The lines to name beside the chart: passed, not far off, or the nearest; a lone one whatever it says."""
        if len(self.crossings) == 1:
            return self.crossings
        near = [line for line in self.lines if line["already_past"] or _chance(line) >= WORTH_TELLING]
        return near or sorted(self.lines, key=self._distance)[:1]

    def _distance(self, line: Body) -> float:
        return abs(line["value"] - self.latest.value) if self.latest else 0.0

    @property
    def is_watched(self) -> bool:
        """True where a threshold can open a recall."""
        return any(crossing["status"] == "on" for crossing in self.crossings)

    @property
    def probability(self) -> Body | None:
        """P(past the first threshold) in 12 months, where there is one and it is not passed already."""
        return next((p for line in self.told[:1] for p in line["probabilities"] if p["months"] == 12), None)


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A signal or score that cannot be followed, and why; `last` is its newest value where there are old ones."""

    kind: str
    key: str
    output: str
    reason: str
    unit: str = ""
    last: Value | None = None
    total: int = 0

    @property
    def id(self) -> str:
        """The name its panel would have."""
        return f"{self.kind}-{self.key}-{self.output}" if self.output else f"{self.kind}-{self.key}"


@dataclass(frozen=True, kw_only=True)
class OrganPage:
    """One organ's panels in the order they are shown, its gaps, and what it is read with.

    `starts_with` says which first measurement would start an organ that has none.
    """

    key: str
    panels: Sequence[Panel]
    gaps: Sequence[Gap]
    starts_with: Body | None = None
    history: Sequence[Body] = ()
    links: Sequence[Body] = ()
    genomics: Body | None = None
    risks: Sequence[Body] = ()

    @property
    def front(self) -> Sequence[Panel]:
        """The panels that stand open: all with a line or a real change, and the first few others."""
        others = [panel for panel in self.panels if not _is_news(panel)]
        return [panel for panel in self.panels if _is_news(panel) or panel in others[:FRONT]]

    @property
    def folded(self) -> Sequence[Panel]:
        """The panels one click away."""
        front = self.front
        return [panel for panel in self.panels if panel not in front]

    @property
    def is_foretold(self) -> bool:
        """True where a fitted model in use says something of this patient."""
        return any(not risk["absent"] for risk in self.risks)

    @property
    def is_silent(self) -> bool:
        """True where nothing of the organ is on record: it is one line then."""
        return not (
            self.panels or self.history or self.genomics or self.is_foretold or any(gap.last for gap in self.gaps)
        )


def organ_page(organ: Body) -> OrganPage:
    """Return the panels and gaps of one organ of a snapshot."""
    organ = shown_organ(organ)
    every = _panels(organ)
    panels = [panel for panel in every if panel.values and (panel.ahead or not panel.missing)]
    gaps = [_gap(panel) for panel in every if panel not in panels]
    panels.sort(key=lambda panel: (not panel.is_watched, not panel.lines, panel.kind != "score"))
    known = organ.get("genomics") or {}
    return OrganPage(
        key=str(organ["key"]), panels=panels, gaps=gaps, starts_with=organ.get("starts_with"),
        history=organ.get("history") or (), links=organ.get("links") or (),
        genomics=known if known.get("genotypes") or known.get("effects") else None,
        risks=organ.get("risks") or (),
    )  # fmt: skip


def _is_news(panel: Panel) -> bool:
    return bool(panel.lines) or (panel.latest is not None and panel.latest.change == "changed")


def _chance(line: Body) -> float:
    return next((p["p"] for p in line["probabilities"] if p["months"] == AHEAD[1]), 0.0)


def _panels(organ: Body) -> list[Panel]:
    scores = [_score(row, _about(organ, "score", row["key"], row["output"])) for row in organ["scores"]]
    return scores + [_signal(row, _about(organ, "signal", row["key"], None)) for row in organ["signals"]]


def _gap(panel: Panel) -> Gap:
    return Gap(
        kind=panel.kind,
        key=panel.key,
        output=panel.output,
        reason=panel.missing or "no_data",
        unit=panel.unit,
        last=panel.values[0] if panel.values else None,
        total=panel.total,
    )


def all_values(organ: Body, panel_id: str) -> Panel | None:
    """Return one panel with every value in its table; None where the organ has none of this name."""
    organ = shown_organ(organ)
    found = next((panel for panel in _panels(organ) if panel.id == panel_id and panel.values), None)
    if found is None:
        return None
    source = _series(organ, found)
    rows = _values(source["points"], found.unit) if found.kind == "signal" else _history(source["history"], found.unit)
    return replace(found, values=_marked(rows, found.conflicts))


def crossing_of(organs: Sequence[Body], recall_key: str) -> tuple[Body, Body] | None:
    """Return the crossing a recall's key names (`liver/fib4>2.67`) with the signal or score it is about."""
    organ_key, _, key = recall_key.partition("/")
    for organ in organs:
        if organ["key"] != organ_key:
            continue
        organ = shown_organ(organ)
        for crossing in organ["crossings"]:
            if crossing["key"] in (key, recall_key):
                on = crossing["on"]
                rows = organ["scores"] if on["kind"] == "score" else organ["signals"]
                about = next((row for row in rows if _is(row, on)), None)
                return None if about is None else (crossing, about)
    return None


def received(value: Body) -> str:
    """Return a value as it was received: comparator, digits and unit as sent."""
    unit = value.get("unit")
    return f"{value.get('comparator') or ''}{value['value']}{' ' + str(unit) if unit else ''}"


def _signal(signal: Body, crossings: Sequence[Body]) -> Panel:
    conflicts = (signal.get("conflicts") or ())[::-1]
    rows = _marked(_values(signal["points"], str(signal["unit"] or "")), conflicts)
    reference = signal.get("reference") or {}
    return Panel(
        kind="signal", key=str(signal["key"]), output="", unit=str(signal["unit"] or ""), scale=str(signal["scale"]),
        reference=(reference.get("low"), reference.get("high")),
        latest=next((row for row in rows if row.used), None), values=rows[:ROWS], total=len(rows),
        ahead=_ahead(signal["forecast"]), crossings=crossings, category=None, caution=None, source=None,
        verification=None, inputs=(), warnings=(), trend=None, missing=signal["missing"], limit=signal.get("limit"),
        moved_by=signal.get("moved_by") or (), moves_with=signal.get("moves_with") or (), conflicts=conflicts,
        reference_since=reference.get("since"), no_reference=reference.get("absent"),
    )  # fmt: skip


def _score(score: Body, crossings: Sequence[Body]) -> Panel:
    rows = _history(score["history"], str(score["unit"] or ""))
    latest = None
    if score["value"] is not None:
        at = score.get("at") or (rows[0].at if rows else "")
        newest = rows[0] if rows else None
        latest = Value(
            at=str(at), value=score["value"], received="", used=True, reason=None,
            change=newest.change if newest else None, fact_id=None,
            judged=newest.judged if newest else None, unit=str(score["unit"] or ""),
        )  # fmt: skip
    return Panel(
        kind="score", key=str(score["key"]), output=str(score["output"]), unit=str(score["unit"] or ""), scale="linear",
        reference=(None, None), latest=latest, values=rows[:ROWS], total=len(rows), ahead=_ahead(score["forecast"]),
        crossings=crossings, category=score["category"], caution=_words(score["caution"]), source=score["source"],
        verification=score["verification"], inputs=score["inputs"], warnings=score["warnings"],
        trend=score.get("trend"), missing=_why(score) if score["absent"] else None,
        moved_by=score.get("moved_by") or (),
    )  # fmt: skip


def _why(score: Body) -> str:
    """Return why a score is absent: the reason's key, and what it concerns behind a colon."""
    detail = score.get("detail")
    return f"{score['absent']}: {detail}" if detail else str(score["absent"])


def _words(caution: object) -> str | None:
    if isinstance(caution, bool) or caution is None:
        return "outside_validated" if caution else None
    return str(caution)


def _values(points: Sequence[Body], unit: str) -> list[Value]:
    rows = [
        Value(at=point["observed_at"], value=point["value"], received=received(point["received"]), used=point["used"],
              reason=point["reason"], change=point["change"], fact_id=point["fact_id"],
              judged=point.get("judged"), unit=unit)
        for point in points if point["value"] is not None
    ]  # fmt: skip
    return sorted(rows, key=lambda row: row.at, reverse=True)


def _marked(rows: Sequence[Value], conflicts: Sequence[Body]) -> list[Value]:
    ids = {number for each in conflicts for number in each["fact_ids"]}
    return [replace(row, contradicted=True) if row.fact_id in ids else row for row in rows]


def _history(history: Sequence[Body], unit: str) -> list[Value]:
    rows = [
        Value(at=row["at"], value=row["value"], received="", used=True, reason=None, change=row.get("change"),
              fact_id=None, judged=row.get("judged"), unit=unit)
        for row in history if row["value"] is not None
    ]  # fmt: skip
    return sorted(rows, key=lambda row: row.at, reverse=True)


def _ahead(forecast: Sequence[Body]) -> list[Ahead]:
    days = [days_of(row["at"]) for row in forecast]
    found = []
    for months in AHEAD if forecast else ():
        misses = [abs(at - days[0] - months * DAYS_A_MONTH) for at in days]
        row = forecast[misses.index(min(misses))]
        if min(misses) < 1.5 * DAYS_A_MONTH:
            found.append(Ahead(at=row["at"], median=row["median"], low=row["q10"], high=row["q90"]))
    return found


def _about(organ: Body, kind: str, key: str, output: str | None) -> list[Body]:
    on = {"kind": kind, "key": key, "output": output}
    return [crossing for crossing in organ["crossings"] if _same(crossing["on"], on)]


def _same(left: Body, right: Body) -> bool:
    is_score = left["kind"] == "score"
    return (
        left["kind"] == right["kind"]
        and left["key"] == right["key"]
        and (not is_score or left.get("output") == right.get("output"))
    )


def _is(row: Body, on: Body) -> bool:
    return row["key"] == on["key"] and (on["kind"] != "score" or row["output"] == on.get("output"))


def _series(organ: Body, panel: Panel) -> Body:
    rows = organ["scores"] if panel.kind == "score" else organ["signals"]
    on = {"kind": panel.kind, "key": panel.key, "output": panel.output}
    return next(row for row in rows if _is(row, on))
