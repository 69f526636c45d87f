"""The bank's small files: which are they, are they whole, and of the version this program reads?

One loader for all: every file is checked against the SHA-256 in `manifest.json` before it is read.
"""

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imaging.bank.descriptor import NAMES
from imaging.bank.embedding import Encoder, Scale
from imaging.bank.likelihood import QUESTIONS, Curve, Kernel, Likelihood
from imaging.bank.strange import Limits, wide
from imaging.errors import BadBank

FORMAT = 2  # of the files below; a change that old programs can't read raises it
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

    @cached_property
    def known(self) -> "_KnownByModel":
        """What each model compares with, made on first use."""
        return _KnownByModel(self)


@dataclass(frozen=True, kw_only=True)
class Known:
    """The shipped cases as one model sees them: annotated nodules (N, F) `standard` and both kinds `wide`, for
    likelihood and strangeness, and the `places` (cases, W) of all.
    """

    standard: NDArray[np.float64]
    nodules: NDArray[np.float32]
    tissue: NDArray[np.float32]
    places: NDArray[np.float32]


class _KnownByModel(dict[int, Known]):
    def __init__(self, shipped: Shipped) -> None:
        super().__init__()
        self._shipped = shipped

    def __missing__(self, fold: int) -> Known:
        shipped, model = self._shipped, self._shipped.models[fold]
        nodules = model.likelihoods[0].weights.shape[0]
        standard = model.scale.standard(shipped.numbers)
        far = wide(model.scale, shipped.numbers)
        made = Known(
            standard=standard[:nodules].astype(np.float64),
            nodules=far[:nodules],
            tissue=far[nodules:],
            places=model.encoder.places(standard),
        )
        self[fold] = made
        return made


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
    offset, low, high, shift = (float(n) for n in curve)
    return Likelihood(
        kernel=Kernel(narrowness=narrowness, linear=linear, ridge=ridge),
        weights=weights.astype(np.float64),
        offset=offset,
        curve=Curve(low=low, high=high, shift=shift),
    )
