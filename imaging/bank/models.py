"""The bank's small files: which are they, are they whole, and of the version this program reads?

One loader for all: every file is checked against the SHA-256 in `manifest.json` before it is read.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imaging.bank.descriptor import NAMES
from imaging.bank.embedding import Encoder, Scale
from imaging.bank.likelihood import QUESTIONS, Kernel, Likelihood
from imaging.bank.strange import Limits
from imaging.errors import BadBank

FORMAT = 1  # of the files below; a change that old programs can't read raises it
FOLDER = Path(__file__).parents[1] / "data" / "bank"
RATINGS = ("suspicion", "texture", "calcification", "lobulation", "margin", "sphericity", "spiculation", "subtlety")


@dataclass(frozen=True, kw_only=True)
class Model:
    """What was learnt from all annotated patients, or from all but those of one fold."""

    scale: Scale
    encoder: Encoder
    likelihoods: tuple[Likelihood, ...]
    limits: Limits


@dataclass(frozen=True, kw_only=True)
class Shipped:
    """Numbers (N, F), names, kinds, patients, contents and ratings (N, R; 0 = none) of the shipped cases, with models.

    `models[0]` learnt from all patients, `models[k]` from all but those whose `folds` entry is k. `kinds` is "nodule"
    or a normal tissue's name. The nodules come first.
    """

    version: str
    numbers: NDArray[np.float32]
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    patients: tuple[str, ...]
    contents: tuple[str, ...]
    ratings: NDArray[np.int8]
    folds: dict[str, int]
    models: tuple[Model, ...]


@lru_cache(maxsize=2)
def load_shipped(folder: Path = FOLDER) -> Shipped:
    """Return what is shipped.

    Raises: BadBank when a file is missing, was changed, or is of another version.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        files = {name: (folder / name).read_bytes() for name in ("cases.npz", "models.npz")}
    except (OSError, ValueError):
        raise BadBank("a file of the bank is missing or unreadable") from None
    if manifest.get("format") != FORMAT:
        raise BadBank(f"the bank is of format {manifest.get('format')}, this program reads {FORMAT}")
    for name, content in files.items():
        if sha256(content).hexdigest() != manifest["sha256"].get(name):
            raise BadBank(f"{name} is not the file that the manifest names")
    cases = np.load(BytesIO(files["cases.npz"]), allow_pickle=False)
    learnt = np.load(BytesIO(files["models.npz"]), allow_pickle=False)
    if tuple(cases["number_names"].tolist()) != NAMES:
        raise BadBank("the bank holds other numbers than this program makes")
    return Shipped(
        version=str(manifest["version"]),
        numbers=cases["numbers"],
        names=tuple(cases["names"].tolist()),
        kinds=tuple(cases["kinds"].tolist()),
        patients=tuple(cases["patients"].tolist()),
        contents=tuple(cases["contents"].tolist()),
        ratings=cases["ratings"],
        folds=dict(zip(learnt["fold_patients"].tolist(), learnt["fold_numbers"].tolist(), strict=True)),
        models=tuple(_model(learnt, k) for k in range(len(learnt["mean"]))),
    )


def _model(learnt: "np.lib.npyio.NpzFile", k: int) -> Model:
    encoder = Encoder(
        first=learnt["first"][k],
        first_bias=learnt["first_bias"][k],
        second=learnt["second"][k],
        second_bias=learnt["second_bias"][k],
    )
    likelihoods = tuple(
        _likelihood(learnt["kernels"][k, q], learnt["curves"][k, q], learnt["weights"][k, q])
        for q in range(len(QUESTIONS))
    )
    scale = Scale(mean=learnt["mean"][k], sd=learnt["sd"][k])
    nodules, tissue = (float(mm) for mm in learnt["limits"][k])
    return Model(scale=scale, encoder=encoder, likelihoods=likelihoods, limits=Limits(nodules=nodules, tissue=tissue))


def _likelihood(kernel: NDArray[np.float64], curve: NDArray[np.float64], weights: NDArray[np.float32]) -> Likelihood:
    narrowness, linear, ridge = (float(n) for n in kernel)
    offset, slope, intercept = (float(n) for n in curve)
    return Likelihood(
        kernel=Kernel(narrowness=narrowness, linear=linear, ridge=ridge),
        weights=weights.astype(np.float64),
        offset=offset,
        slope=slope,
        intercept=intercept,
    )
