"""How much does a place look like a lump in the lung? Learned, in two steps, from annotated and planted nodules.

First every block is scored from its four features: a logistic with squares and products, one for each block size. It
costs little and drops almost everything, but leaves many vessels. Then what lies at the best places (`candidates`,
`lump`) is scored from its shape by a small network. The weights are a file with a card that says what they were learned
from (`data/screen_score.json`, made by `bench/slow/ct_score_fit.py`).

It misleads where learning had no examples: children, very thin slices, lungs full of disease, masses that fill a lobe;
ground-glass and nodules under 6 mm are often missed. A score orders places. It is not a probability of disease.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging.blocks import Blocks
from imaging.blocks_weigh import TERMS, weigh_blocks, weigh_places
from imaging.candidates import Candidates
from imaging.errors import ImagingError
from imaging.lump import Lumps

FILE = Path(__file__).parent / "data" / "screen_score.json"
SCALES_MM = (4.0, 8.0, 16.0, 32.0)  # from the smallest nodule that is looked for to a mass
FURTHEST = 4.0  # standard deviations: beyond, a number is held, since nothing was learned there
HU_UNIT = 400.0  # brings brightness and variation to the size of the other features


@dataclass(frozen=True, kw_only=True)
class ScoreModel:
    """The learned weights.

    `blocks` (4 sizes, TERMS); of the F numbers of a place `mean` and `sd` (F,); of each unit of the network `hidden`
    (H, F), `bias` and `out` (H,); last the `base` of all.
    """

    version: str
    blocks: NDArray[np.float32]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    hidden: NDArray[np.float64]
    bias: NDArray[np.float64]
    out: NDArray[np.float64]
    base: float


@cache
def shipped() -> ScoreModel:
    """Return the weights that come with the package."""
    return read_model(FILE)


def read_model(path: Path) -> ScoreModel:
    """Return the weights of a file. Raises: ImagingError when its checksum does not hold or its shapes do not fit."""
    told = json.loads(path.read_text())
    if checksum(told["weights"]) != told["sha256"]:
        raise ImagingError("the weights of the CT score are not those that were checked: the file was changed")
    weights = told["weights"]
    arrays = {name: np.array(weights[name], float) for name in ("mean", "sd", "hidden", "bias", "out")}
    blocks = np.array(weights["blocks"], np.float32)
    if blocks.shape != (len(SCALES_MM), TERMS) or arrays["hidden"].shape[1:] != arrays["mean"].shape:
        raise ImagingError(f"the weights of the CT score do not fit: blocks {blocks.shape}")
    return ScoreModel(version=told["version"], blocks=blocks, base=float(weights["base"]), **arrays)


def checksum(weights: dict[str, Any]) -> str:
    """Return the SHA-256 of weights, independent of how their file is laid out."""
    return sha256(json.dumps(weights, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def score_blocks(
    sized: Sequence[Blocks], lung_hu: float, model: ScoreModel
) -> list[tuple[Blocks, NDArray[np.float32]]]:
    """Return the blocks of each of SCALES_MM with their scores, 0 to 1; `lung_hu` is this scan's aerated lung."""
    return [
        (blocks, weigh_blocks(blocks, lung_hu, weights)) for blocks, weights in zip(sized, model.blocks, strict=True)
    ]


def score_places(found: Candidates, seen: Lumps, model: ScoreModel) -> NDArray[np.float64]:
    """Return the score, 0 to 1, of each place of `seen` (N,)."""
    numbers = np.clip((weighed(found, seen) - model.mean) / model.sd, -FURTHEST, FURTHEST)
    logit = weigh_places(np.ascontiguousarray(numbers), model.hidden, model.bias, model.out) + model.base
    return np.asarray(1 / (1 + np.exp(-logit)), float)


def weighed(found: Candidates, seen: Lumps) -> NDArray[np.float64]:
    """Return the numbers (N, F) that are weighed: a place's shape, and its block's size, score and features."""
    score = np.clip(found.score[seen.of].astype(float), 1e-5, 1 - 1e-5)
    size = np.eye(len(SCALES_MM))[found.size[seen.of]]
    features = found.features[seen.of] / np.array([HU_UNIT, HU_UNIT, 1, 1])
    return np.concatenate([seen.shape, np.log(score / (1 - score))[:, None], size, features], axis=1)
