"""Make the bank's files from the annotated nodules and measure them, patients kept apart.

    .venv/bin/python bench/slow/ct_bank_fit.py ../shared/data/ct

Writes imaging/data/bank/ and docs/reference/bank-card.md. Minutes on one core; seeds are fixed. `--tissue FILE.npz`
keeps the tissue samples between runs.
"""

import csv
import json
import sys
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
import ct_bank_tissue as tissue
from ct_bank_card import Figures, card

from imaging.bank.descriptor import NAMES, describe
from imaging.bank.embedding import Encoder, Scale
from imaging.bank.folder import CutOut, cut_outs
from imaging.bank.likelihood import QUESTIONS, Curve, Kernel, calibrated
from imaging.bank.models import FOLDER, FORMAT, RATINGS
from imaging.bank.strange import KNOWN_NODULES, KNOWN_TISSUE, Limits, distance, strangeness, wide
from imaging.encoder import fit_encoder

Floats = NDArray[np.float64]
FOLDS, SEED = 10, 7
COLUMNS = ("Malignancy", "Texture", "Calcification", "Lobulation", "Margin", "Sphericity", "Spiculation", "Subtlety")
KERNEL = Kernel(narrowness=0.1, linear=0.1, ridge=0.4)  # the middle of what was tried: bank-card.md


def main() -> None:
    ct = Path(sys.argv[1])
    cuts = [one for one in cut_outs(ct / "nodules_lidc_voi") if isinstance(one, CutOut)]
    numbers = np.stack([describe(one.hu, one.mask, one.spacing_zyx) for one in cuts])
    ratings, diameters = _table(ct / "nodules_lidc_voi" / "nodules.csv", [one.case for one in cuts])
    patients = np.array([one.case.split("_")[0] for one in cuts])
    normal, foreign = _tissue(ct)
    fold = _folds(patients, FOLDS, SEED) + 1
    learnt = [_learnt(numbers, ratings, patients, normal, fold != k, SEED + k) for k in range(FOLDS + 1)]
    held_out = np.stack([_chances(learnt[fold[n]], numbers, n) for n in range(len(numbers))])
    strange = np.array([_strange(learnt[fold[n]], numbers[n], numbers[patients != patients[n]], normal)
                        for n in range(len(numbers))])  # fmt: skip
    figures = Figures(
        held_out=held_out,
        ratings=ratings,
        patients=patients,
        diameters=diameters,
        own_size=numbers[:, NAMES.index("log_volume")],
        unknown_nodules=strange > 1,
        unknown_foreign={
            kind: float(np.mean([_strange(learnt[0], n, numbers, normal) > 1 for k, n in foreign if k == kind]))
            for kind in dict.fromkeys(k for k, _ in foreign)
        },
        neighbour_suspicion=_neighbour_suspicion(learnt, numbers, ratings, patients, fold),
    )
    _write(cuts, numbers, ratings, patients, normal, fold, learnt, held_out)
    (Path(__file__).parents[2] / "docs" / "reference" / "bank-card.md").write_text(card(figures), encoding="utf-8")


def _table(path: Path, cases: list[str]) -> tuple[NDArray[np.int8], Floats]:
    with path.open(encoding="utf-8") as table:
        rows = {row["file"].removesuffix(".nii.gz"): row for row in csv.DictReader(table)}
    ratings = np.array([[int(rows[case][f"{name}_value"]) for name in COLUMNS] for case in cases], np.int8)
    return ratings, np.array([float(rows[case]["diameter_mm"]) for case in cases])


def _tissue(ct: Path) -> tuple[list[tuple[str, NDArray[np.float32]]], list[tuple[str, NDArray[np.float32]]]]:
    kept = Path(sys.argv[sys.argv.index("--tissue") + 1]) if "--tissue" in sys.argv else None
    if kept is None or not kept.is_file():
        sets = [[(one.kind, one.numbers) for one in made] for made in (tissue.normal(ct), tissue.foreign(ct))]
        if kept is not None:
            arrays = {f"{i}{what}": np.array([one[j] for one in made])
                      for i, made in enumerate(sets) for j, what in enumerate("kn")}  # fmt: skip
            np.savez(kept, **arrays)  # type: ignore[arg-type]
        return sets[0], sets[1]
    loaded = np.load(kept)
    sets = [list(zip(loaded[f"{i}k"].tolist(), loaded[f"{i}n"], strict=True)) for i in range(2)]
    return sets[0], sets[1]


def _folds(patients: NDArray[np.str_], count: int, seed: int) -> NDArray[np.int64]:
    """Return a fold number a case, all of one patient in the same."""
    names, index = np.unique(patients, return_inverse=True)
    fold: NDArray[np.int64] = (np.random.default_rng(seed).permutation(len(names)) % count)[index]
    return fold


def truths(ratings: NDArray[np.int8]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return (N, 3) what readers said, and where it counts: suspicion 4-5 (3 left out), texture 4-5, calcified."""
    suspicion, texture, calcification = ratings[:, 0], ratings[:, 1], ratings[:, 2]
    said = np.stack([suspicion >= 4, texture >= 4, calcification != 6], 1)
    return said, np.stack([suspicion != 3, texture > 0, calcification > 0], 1)


def _aims(ratings: NDArray[np.int8]) -> Floats:
    """Return (N, 3) what the regression follows: half the yes or no, half the rating on its scale (undecided: 0.5)."""
    suspicion, texture = (ratings[:, 0] - 1) / 4, (ratings[:, 1] - 1) / 4
    decided = np.select([ratings[:, 0] > 3, ratings[:, 0] < 3], [1.0, 0.0], 0.5)
    return np.stack([(decided + suspicion) / 2, ((ratings[:, 1] >= 4) + texture) / 2, ratings[:, 2] != 6], 1)


def _learnt(numbers, ratings, patients, normal, training, seed):  # type: ignore[no-untyped-def]  # arrays by name
    mean = numbers[training].mean(0)
    sd = numbers[training].std(0) + np.float32(1e-6)
    scale = Scale(mean=mean, sd=sd)
    standard = scale.standard(numbers)
    inner = _folds(patients[training], FOLDS, seed + 100)
    said, counts = truths(ratings)
    aims = _aims(ratings)[training]
    weights = np.zeros((len(QUESTIONS), len(numbers)), np.float32)
    alike = _alike(KERNEL, standard[training])
    curves = []
    for q in range(len(QUESTIONS)):
        offset = float(aims[:, q].mean())
        truth, use = said[training, q], counts[training, q]
        score = _left_out(alike, aims[:, q] - offset, inner, KERNEL.ridge) + offset
        weights[q, training] = np.linalg.solve(alike + KERNEL.ridge * np.eye(len(alike)), aims[:, q] - offset)
        curve = calibrated(score[use], truth[use])
        curves.append((offset, curve.low, curve.high, curve.shift))
    tissues = scale.standard(np.stack([n for _, n in normal]))
    taught = np.concatenate([standard[training], tissues])
    rated = np.full((len(taught), len(RATINGS) + 1), np.nan, np.float32)
    rated[: training.sum(), :-1] = (ratings[training] - 3) / 2
    rated[: training.sum(), RATINGS.index("calcification")] = np.where(ratings[training, 2] != 6, 1, -1)
    rated[:, -1] = np.where(np.arange(len(taught)) < training.sum(), 1, -1)
    made = fit_encoder(taught, rated, seed)
    far, samples = wide(scale, numbers), wide(scale, np.stack([n for _, n in normal]))
    from_nodules = [distance(far[n], far[training & (patients != patients[n])]) for n in np.flatnonzero(training)]
    from_tissue = [distance(n, np.delete(samples, i, axis=0)) for i, n in enumerate(samples)]
    limits = (np.quantile(from_nodules, KNOWN_NODULES), np.quantile(from_tissue, KNOWN_TISSUE))
    return {
        "mean": mean, "sd": sd, "first": made.first, "first_bias": made.first_bias, "second": made.second,
        "second_bias": made.second_bias, "weights": weights, "curves": np.array(curves),
        "kernels": np.tile((KERNEL.narrowness, KERNEL.linear, KERNEL.ridge), (len(QUESTIONS), 1)),
        "limits": np.array(limits),
    }  # fmt: skip


def _alike(kernel: Kernel, standard: NDArray[np.float32]) -> Floats:
    """Return (N, N), as `Kernel.between` gives row by row."""
    x = standard.astype(float)
    dot = x @ x.T
    squares = np.diag(dot)
    apart = np.maximum(squares[:, None] + squares[None] - 2 * dot, 0)
    alike: Floats = np.exp(-kernel.narrowness * apart / x.shape[1]) + kernel.linear * dot / x.shape[1]
    return alike


def _left_out(alike: Floats, aim: Floats, inner: NDArray[np.int64], ridge: float) -> Floats:
    score = np.zeros(len(aim))
    for k in np.unique(inner):
        a, b = np.flatnonzero(inner != k), np.flatnonzero(inner == k)
        score[b] = alike[np.ix_(b, a)] @ np.linalg.solve(alike[np.ix_(a, a)] + ridge * np.eye(len(a)), aim[a])
    return score


def _chances(model, numbers, n):  # type: ignore[no-untyped-def]
    standard = Scale(mean=model["mean"], sd=model["sd"]).standard(numbers)
    told = []
    for (narrow, linear, ridge), (offset, *curve), weights in zip(
        model["kernels"], model["curves"], model["weights"], strict=True
    ):
        kernel = Kernel(narrowness=narrow, linear=linear, ridge=ridge)
        score = (kernel.between(standard[n].astype(float), standard.astype(float)) * weights).sum() + offset
        told.append(Curve(low=curve[0], high=curve[1], shift=curve[2]).of(float(score)))
    return np.array(told)


def _strange(model, one, nodules, normal):  # type: ignore[no-untyped-def]
    """Return the strangeness of one case's numbers beside these nodules and the normal tissue."""
    scale = Scale(mean=model["mean"], sd=model["sd"])
    limits = Limits(nodules=float(model["limits"][0]), tissue=float(model["limits"][1]))
    samples = wide(scale, np.stack([n for _, n in normal]))
    far = wide(scale, one)
    return strangeness(distance(far, wide(scale, nodules)), distance(far, samples), limits)


def _neighbour_suspicion(learnt, numbers, ratings, patients, fold):  # type: ignore[no-untyped-def]
    """Return (N,) the mean suspicion of the five nearest nodules of other patients, where neither was learnt from."""
    told = np.zeros(len(numbers))
    for k in range(1, FOLDS + 1):
        one = learnt[k]
        encoder = Encoder(**{name: one[name] for name in ("first", "first_bias", "second", "second_bias")})
        places = encoder.places(Scale(mean=one["mean"], sd=one["sd"]).standard(numbers))
        for n in np.flatnonzero(fold == k):
            similar = np.where(patients == patients[n], -2, places @ places[n])
            told[n] = ratings[np.argsort(-similar)[:5], 0].mean()
    return told


def _write(cuts, numbers, ratings, patients, normal, fold, learnt, held_out):  # type: ignore[no-untyped-def]
    FOLDER.mkdir(parents=True, exist_ok=True)
    count = {}
    names = []
    for kind, _ in normal:
        count[kind] = count.get(kind, 0) + 1
        names.append(f"{tissue.PATIENT}_{kind}_{count[kind]:02}")
    everyone, first = np.unique(patients, return_index=True)
    cases = {
        "number_names": np.array(NAMES),
        "numbers": np.concatenate([numbers, np.stack([n for _, n in normal])]),
        "names": np.array([one.case for one in cuts] + names),
        "kinds": np.array(["nodule"] * len(cuts) + [kind for kind, _ in normal]),
        "patients": np.array([*patients.tolist(), *[tissue.PATIENT] * len(normal)]),
        "contents": np.array([one.content for one in cuts] + [""] * len(normal)),
        "ratings": np.concatenate([ratings, np.zeros((len(normal), len(RATINGS)), np.int8)]),
    }
    models = {name: np.stack([one[name] for one in learnt]) for name in learnt[0]}
    models |= {"fold_patients": everyone, "fold_numbers": fold[first]}
    sums = {}
    for name, arrays in (("cases.npz", cases), ("models.npz", models)):
        kept = BytesIO()
        np.savez_compressed(kept, **arrays)
        (FOLDER / name).write_bytes(kept.getvalue())
        sums[name] = sha256(kept.getvalue()).hexdigest()
    manifest = {"format": FORMAT, "version": "2026.11.2", "card": "docs/reference/bank-card.md", "sha256": sums}
    (FOLDER / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    with (FOLDER / "held_out.csv").open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(["case", "p_suspicious", "p_solid", "p_calcified"])
        writer.writerows([one.case, *(f"{p:.6f}" for p in row)] for one, row in zip(cuts, held_out, strict=True))


if __name__ == "__main__":
    main()
