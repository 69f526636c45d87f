"""A calibration plot as SVG: said risk across, observed share up, the diagonal where they agree.

Presentation attributes only, no style and no script: it shows under a strict content security policy.
"""

from dataclasses import dataclass
from html import escape

_SIDE, _LEFT, _TOP = 260.0, 54.0, 14.0  # of the square, and the room for labels, in user units
_WIDTH, _HEIGHT = _LEFT + _SIDE + 16, _TOP + _SIDE + 46
_TICKS = 4
_ROUND = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)  # upper ends of the axes


@dataclass(frozen=True, kw_only=True, slots=True)
class Plot:
    """Points (said, observed, low, high) as shares; low and high None where there is no interval."""

    title: str
    points: tuple[tuple[float, float, float | None, float | None], ...]


def svg(plot: Plot) -> str:
    """Return the plot as one SVG element."""
    most = max((value for point in plot.points for value in point if value is not None), default=1.0)
    end = next((each for each in _ROUND if most <= each), 1.0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" width="{_WIDTH:g}" '
        f'height="{_HEIGHT:g}" role="img" font-family="sans-serif" font-size="11" fill="currentColor">',
        f"<title>{escape(plot.title)}</title>",
        f'<rect x="{_LEFT:g}" y="{_TOP:g}" width="{_SIDE:g}" height="{_SIDE:g}" fill="none" stroke="currentColor" '
        'stroke-opacity="0.4"/>',
        _line(0, 0, end, end, end, 'stroke-dasharray="4 4" stroke-opacity="0.6"'),
        *(_ticks(end * number / _TICKS, end) for number in range(_TICKS + 1)),
        _label(_LEFT + _SIDE / 2, _HEIGHT - 6, "Risk that was said"),
        f'<text transform="translate(12 {_TOP + _SIDE / 2:g}) rotate(-90)" text-anchor="middle">Observed share</text>',
        *(_point(point, end) for point in plot.points),
        "</svg>",
    ]
    return "".join(parts)


def _point(point: tuple[float, float, float | None, float | None], end: float) -> str:
    said, observed, low, high = point
    bar = "" if low is None or high is None else _line(said, low, said, high, end, 'stroke-width="1.5"')
    return f'{bar}<circle cx="{_x(said, end):.1f}" cy="{_y(observed, end):.1f}" r="3.5"/>'


def _ticks(value: float, end: float) -> str:
    words = f"{value:.1%}" if end < 0.2 else f"{value:.0%}"
    below = _label(_x(value, end), _TOP + _SIDE + 16, words)
    return f'{below}<text x="{_LEFT - 6:g}" y="{_y(value, end) + 4:.1f}" text-anchor="end">{words}</text>'


def _label(x: float, y: float, words: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{words}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, end: float, more: str) -> str:
    return (
        f'<line x1="{_x(x1, end):.1f}" y1="{_y(y1, end):.1f}" x2="{_x(x2, end):.1f}" y2="{_y(y2, end):.1f}" '
        f'stroke="currentColor" {more}/>'
    )


def _x(value: float, end: float) -> float:
    return _LEFT + _SIDE * min(value, end) / end


def _y(value: float, end: float) -> float:
    return _TOP + _SIDE * (1 - min(max(value, 0.0), end) / end)
