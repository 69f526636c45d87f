"""LDL cholesterol from total, HDL and triglycerides: Friedewald's and Sampson's (NIH) equations."""

import numpy as np
from numpy.typing import NDArray

from twin.scores.base import Array, Output, Range, Refusal, Score
from twin.scores.inputs import measured


def ldl(tc: Array, hdl: Array, tg: Array) -> dict[str, Array]:
    """Return LDL cholesterol in mg/dL by both equations; all in mg/dL.

    Friedewald is left out from 400 mg/dL of triglycerides on; it reads low at low LDL and high triglycerides. Martin
    and Hopkins' table is patented and not built in.
    """
    non_hdl = tc - hdl
    sampson = tc / 0.948 - hdl / 0.971 - (tg / 8.56 + tg * non_hdl / 2140 - tg * tg / 16100) - 9.44
    return {"sampson": sampson, "friedewald": np.where(tg < 400, non_hdl - tg / 5, np.nan)}


def _more_hdl_than_cholesterol(tc: Array, hdl: Array, tg: Array) -> NDArray[np.bool_]:
    """A part can't be more than the whole."""
    return np.asarray(hdl > tc)


SCORE = Score(
    key="ldl",
    inputs=(
        measured("tc", "total_cholesterol", "mg/dL"),
        measured("hdl", "hdl_c", "mg/dL"),
        measured("tg", "triglycerides", "mg/dL", validated=Range(high=800)),
    ),
    formula=ldl,
    outputs=(Output(key="sampson", unit="mg/dL"), Output(key="friedewald", unit="mg/dL")),
    refusals=(Refusal(input="hdl", reason="impossible_value", when=_more_hdl_than_cholesterol),),
    source="Sampson M; JAMA Cardiol 2020;5:540; Friedewald 1972",
    reviewed="2026-11",
    verification="verified",
)
