"""Published coefficients too many for a source file, read from `data/<score>.json`."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def coefficients(score: str) -> Mapping[str, Any]:
    """Return the coefficients of one score as its file holds them; the nesting differs from score to score."""
    text = (files("twin.scores") / "data" / f"{score}.json").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = json.loads(text)
    return loaded
