"""How does a recall's course look in twelve ems? History, forecast fan and threshold as shapes for a small SVG.

Only presentation attributes are used, because the page's content policy takes no style attribute.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from twin.store.worklist import Course
from twin.web.dashboard.format import days_of

WIDTH, HEIGHT, EDGE = 168, 28, 3
YEARS_BACK = 5  # with a year ahead, a course of this length is still read at a glance
MONTHS_AHEAD = 18

Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Spark:
    """Coordinates in a box of 168 x 28: history with its last dot, two bands and the median ahead, a threshold."""

    line: str
    dot: Point | None
    outer: str
    inner: str
    median: str
    today: float | None
    threshold: float | None


def spark(course: Course) -> Spark | None:
    """Return the shapes of one course; None where there is nothing to draw."""
    ahead = list(course.forecast)
    last = days_of((ahead or course.history[-1:])[0]["at"]) if ahead or course.history else None
    if last is None:
        return None
    start, end = last - YEARS_BACK * 365.25, last + MONTHS_AHEAD * 30.44
    past = [(days_of(row["at"]), float(row["value"])) for row in course.history if row["value"] is not None]
    past = sorted(row for row in past if row[0] >= start)
    ahead = [row for row in ahead if days_of(row["at"]) <= end]
    heights = [y for _, y in past] + [float(row[q]) for row in ahead for q in ("q10", "q90")] + [course.threshold]
    if len(heights) < 2:
        return None
    low, high = min(heights), max(heights)
    room = (high - low) or 1.0

    def place(t: float, y: float) -> Point:
        x = EDGE + (t - start) / (end - start) * (WIDTH - 2 * EDGE)
        return round(x, 1), round(EDGE + (high - y) / room * (HEIGHT - 2 * EDGE), 1)

    def band(lower: str, upper: str) -> str:
        there = [place(days_of(row["at"]), float(row[upper])) for row in ahead]
        back = [place(days_of(row["at"]), float(row[lower])) for row in reversed(ahead)]
        return _path(there + back)

    history = [place(t, y) for t, y in past]
    return Spark(
        line=_path(history), dot=history[-1] if history else None, outer=band("q10", "q90"), inner=band("q25", "q75"),
        median=_path([place(days_of(row["at"]), float(row["median"])) for row in ahead]),
        today=place(last, low)[0] if ahead else None, threshold=place(last, course.threshold)[1],
    )  # fmt: skip


def _path(points: Sequence[Point]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
