"""Reference change value: how much must a result change before it is more than biology and the analyser?"""

import numpy as np

from twin.scores.base import Array, Input, Output, Range, Score


def rcv(cvi_pct: Array, cva_pct: Array, z: Array) -> dict[str, Array]:
    """Return the limits of change in percent of the earlier value: symmetric, and log-normal up and down.

    CVi come from healthy adults over weeks; disease and longer gaps wander more. The log form is the one to use where
    CVi exceeds 12 %.
    """
    within, analytical = cvi_pct / 100, cva_pct / 100
    variance = within * within + analytical * analytical
    spread = np.sqrt(2.0) * np.sqrt(np.log(1 + variance))
    return {
        "rcv_normal_pct": 100 * np.sqrt(2.0) * z * np.sqrt(variance),
        "rcv_log_up_pct": 100 * (np.exp(z * spread) - 1),
        "rcv_log_down_pct": 100 * (np.exp(-z * spread) - 1),
    }


_NOT_NEGATIVE = Range(low=0.0)

SCORE = Score(
    key="rcv",
    inputs=(
        Input(key="cvi_pct", unit="%", possible=_NOT_NEGATIVE),
        Input(key="cva_pct", unit="%", possible=_NOT_NEGATIVE),
        Input(key="z", unit="1", default=1.96, possible=_NOT_NEGATIVE),
    ),
    formula=rcv,
    outputs=(
        Output(key="rcv_normal_pct", unit="%"),
        Output(key="rcv_log_up_pct", unit="%"),
        Output(key="rcv_log_down_pct", unit="%"),
    ),
    source="Fraser CG, Harris EK 1989; Fokkema MR 2006 (log-normal form)",
    reviewed="2026-11",
    verification="verified",
)
