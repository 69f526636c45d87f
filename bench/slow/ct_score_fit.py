"""Fits the score of CT screening and writes `imaging/data/screen_score.json`.

    .venv/bin/python bench/slow/ct_score_fit.py WORK_FOLDER

Positives are nodules planted at seeded places into lesion-free lung of real scans: six in ten are annotated nodules of
LIDC-IDRI (their voxels blended in along the readers' outline), the rest are drawn. Negatives are all other places of
the same scans; what lies near a known lesion is neither. Every fifth patient of LIDC-IDRI, and LIDC-IDRI-0001, are
never learned from: `ct_reach.py` tests with them. Besides the shipped weights, which learned from all scans,
WORK_FOLDER gets `without_SCAN.json` for each labelled scan, learned without that scan, for the reach test. What was
planted is kept in WORK_FOLDER, so a second run goes on where the first one ended. About ten minutes.
"""

import json
import pickle
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ct_scans import LABELLED, Crop, Scan, crops, labelled, thicker, transplant, unlabelled

from imaging.blocks import NAMES, Blocks, Cells, blocks_of, cells_of
from imaging.blocks_weigh import LEAST_FILLED
from imaging.blocks_weigh_numpy import terms
from imaging.candidates import candidates
from imaging.lump import lumps
from imaging.lung_mask import LungMask, lungs
from imaging.planted import SETTINGS, Ground, Nodule, ground, place, plant
from imaging.score import FILE, FURTHEST, SCALES_MM, ScoreModel, checksum, read_model, score_blocks, weighed
from imaging.study import MOST_PLACES
from imaging.volume import Volume

COPIES, NODULES = 12, 9  # of each scan; the first copy has none planted
UNITS, NETS, ROUNDS = 24, 3, 60
HELD_OUT_EVERY = 5  # patients
RARER = 2.0  # logit: a lesion is rarer in life than one place in five; keeps a drawn healthy chest below 0.9
CARD = {
    "what": "orders places in a chest CT by how much they look like a lump in the lung; not a probability of disease",
    "learned_from": [
        "LIDC-IDRI nodules (700 crops less every fifth patient and LIDC-IDRI-0001), CC BY 3.0, Armato et al., "
        "doi 10.7937/K9/TCIA.2015.LO9QL9SX: blended into the scans below",
        "drawn nodules, 3 to 28 mm, solid and ground-glass: planted into the scans below",
        "LIDC-IDRI-0001 (CC BY 3.0); Lung-PET-CT-Dx A0002 (CC BY 4.0, Li et al., TCIA); lung1 of pyradiomics (BSD-3); "
        "aorta example of TotalSegmentator (Apache-2.0): lung without known lesions, as it is and with thicker slices",
    ],
    "measures": "bench/RESULTS.md, Screening CT: reach",
    "limits": "four patients' lungs; no children, no slices under 1.5 mm, no diffuse disease; positives were planted",
}


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A scan with nodules planted: what differs from the scan, and where they lie (centre, diameter)."""

    voxels: np.ndarray
    values: np.ndarray
    nodules: list[tuple[tuple[float, float, float], float]]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A copy, cut into blocks."""

    scan: Scan
    copy: Copy
    volume: Volume
    lung: LungMask
    cells: Cells
    blocks: list[Blocks]


def scans() -> list[Scan]:
    """Return what is learned from; those of one patient are left out together."""
    lidc, lungdx, lung1 = (labelled(name) for name in LABELLED)
    aorta = unlabelled()
    return [lidc, lungdx, lung1, aorta, thicker(lidc, 2), thicker(lidc, 3), thicker(aorta, 2)]


def held_out(every: Sequence[Crop]) -> set[str]:
    """Return the patients whose nodules are never learned from."""
    return {*sorted({crop.patient for crop in every})[::HELD_OUT_EVERY], "LIDC-IDRI-0001"}


def main() -> None:
    """Plant, fit, write."""
    work = Path(sys.argv[1])
    work.mkdir(parents=True, exist_ok=True)
    every = scans()
    with get_context("spawn").Pool(2) as pool:
        pool.starmap(_make_copies, [(work, number) for number in range(len(every))], chunksize=1)
    jobs = [(work, None), *((work, scan.name) for scan in every[: len(LABELLED)])]
    with get_context("spawn").Pool(len(jobs)) as pool:
        pool.starmap(_fit_without, jobs, chunksize=1)


def _make_copies(work: Path, number: int) -> None:
    scan = scans()[number]
    left = [k for k in range(COPIES) if not (work / f"copy_{number}_{k}.pkl").exists()]
    if not left:
        return
    known = list(crops())
    learned = [crop for crop in known if crop.patient not in held_out(known)]
    here = ground(scan.volume, _lungs(scan.volume))
    for k in left:
        volume, nodules = _planted(scan, here, 1000 * number + k, learned) if k else (scan.volume, [])
        changed = np.flatnonzero(volume.hu != scan.volume.hu)
        copy = Copy(voxels=changed, values=volume.hu.ravel()[changed], nodules=nodules)
        (work / f"copy_{number}_{k}.pkl").write_bytes(pickle.dumps(vars(copy)))


def _lungs(volume: Volume) -> LungMask:
    lung = lungs(volume)
    assert lung is not None, "a scan without lung cannot be learned from"
    return lung


def _planted(scan: Scan, here: Ground, seed: int, learned: list[Crop]) -> tuple[Volume, list[Any]]:
    rng = np.random.default_rng(seed)
    volume, done = scan.volume, []
    for _ in range(NODULES):
        is_crop = rng.random() < 0.6
        crop = learned[rng.integers(len(learned))] if is_crop else None
        diameter = crop.diameter_mm if crop else float(np.exp(rng.uniform(np.log(3), np.log(28))))
        setting = SETTINGS[rng.integers(len(SETTINGS))]
        hu = float(rng.uniform(-20, 80)) if rng.random() < 0.6 else float(rng.uniform(-680, -450))
        others = [[np.array(at) - 10 - mm / 2, np.array(at) + 10 + mm / 2] for at, mm in done]
        avoid = np.concatenate([scan.lesions, np.array(others).reshape(-1, 2, 3)])
        at = place(volume, here, setting, diameter / 2, rng, avoid)
        if at is None:
            continue
        if crop:
            volume = transplant(volume, crop, at)
        else:
            nodule = Nodule(centre_lps_mm=at, diameter_mm=diameter, hu=hu, seed=int(rng.integers(1 << 30)))
            volume = plant(volume, [nodule])
        done.append((at, diameter))
    return volume, done


def _copies(work: Path, every: list[Scan], without: str | None) -> Iterator[Seen]:
    patient = next((scan.patient for scan in every if scan.name == without), None)
    for number, scan in enumerate(every):
        for k in range(COPIES if scan.patient != patient else 0):
            copy = Copy(**pickle.loads((work / f"copy_{number}_{k}.pkl").read_bytes()))
            hu = scan.volume.hu.copy()
            hu.ravel()[copy.voxels] = copy.values
            volume = replace(scan.volume, hu=hu)
            lung = _lungs(volume)
            cells = cells_of(hu, volume.spacing_mm, lung.mask, lung.step)
            blocks = [blocks_of(cells, size_mm, lung.lung_hu) for size_mm in SCALES_MM]
            yield Seen(scan=scan, copy=copy, volume=volume, lung=lung, cells=cells, blocks=blocks)


def _fit_without(work: Path, without: str | None) -> None:
    torch.set_num_threads(1)
    every = scans()
    weights: dict[str, Any] = {"blocks": _fit_blocks(_copies(work, every, without))}
    first = ScoreModel(
        version="", blocks=np.array(weights["blocks"], np.float32), mean=NOTHING, sd=NOTHING,
        hidden=NOTHING, bias=NOTHING, out=NOTHING, base=0.0,
    )  # fmt: skip
    rows = [_places(one, first) for one in _copies(work, every, without)]
    weights |= _fit_places(*(np.concatenate(part) for part in zip(*rows, strict=True)))
    path = work / f"without_{without}.json" if without else FILE
    card = CARD | ({"left_out": without} if without else {})
    told = {"version": "2", "sha256": checksum(weights), "card": card, "weights": weights}
    path.write_text(json.dumps(told, indent=1) + "\n")
    read_model(path)


NOTHING = np.zeros(0)


def _fit_blocks(made: Iterator[Seen]) -> list[list[float]]:
    """Return the weights of each block size: a logistic regression, positives and negatives weighing alike."""
    positive: list[list[np.ndarray]] = [[] for _ in SCALES_MM]
    negative: list[list[np.ndarray]] = [[] for _ in SCALES_MM]
    for one in made:
        rng = np.random.default_rng(0)
        for size, blocks in enumerate(one.blocks):
            hits, misses = _judged(one, blocks, SCALES_MM[size])
            few = rng.choice(misses, min(300 if one.copy.nodules else 6000, len(misses)), replace=False)
            positive[size].append(_terms(blocks, hits, one.lung.lung_hu))
            negative[size].append(_terms(blocks, few, one.lung.lung_hu))
    return [
        _logistic(np.concatenate(hits), np.concatenate(misses)) for hits, misses in zip(positive, negative, strict=True)
    ]


def _terms(blocks: Blocks, at: np.ndarray, lung_hu: float) -> np.ndarray:
    picked = {name: getattr(blocks, name).ravel()[at] for name in (*NAMES, "filled")}
    return terms(Blocks(side=blocks.side, stride=blocks.stride, **picked), lung_hu)


def _judged(one: Seen, blocks: Blocks, size_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the blocks well inside the mask that hold a nodule, and those far from any, as flat places."""
    at = np.flatnonzero(blocks.filled.ravel() > LEAST_FILLED)
    zyx = np.stack(np.unravel_index(at, blocks.filled.shape), axis=1)
    begin = zyx[:, ::-1] * np.array(blocks.stride) + np.array(one.cells.first)
    centre = one.volume.to_lps((begin + np.array(blocks.side) / 2) * np.array(one.cells.shape_vox) - 0.5)
    side = np.maximum(np.array(blocks.side) * np.array(one.cells.size_mm), SCALES_MM[0])
    is_hit, is_far = np.zeros(len(at), bool), np.ones(len(at), bool)
    for low, high in one.scan.lesions:
        is_far &= ~((centre > low - size_mm) & (centre < high + size_mm)).all(axis=1)
    for nodule, diameter in one.copy.nodules:
        level = np.flatnonzero(np.abs(centre[:, 2] - nodule[2]) <= size_mm + diameter / 2)
        away = centre[level] - np.array(nodule)
        is_far[level] &= np.linalg.norm(away, axis=1) > size_mm + diameter / 2
        if 0.4 * size_mm <= diameter + 1.6 * (size_mm == SCALES_MM[0]) and diameter <= 3 * size_mm:
            near = np.linalg.norm(away / side, axis=1)
            best = np.argpartition(near, 2)[:2] if len(near) > 2 else np.arange(len(near))
            is_hit[level[best[near[best] < 0.5]]] = True
    return at[is_hit], at[is_far & ~is_hit]


def _logistic(hits: np.ndarray, misses: np.ndarray) -> list[float]:
    x = torch.tensor(np.concatenate([hits, misses]))
    y = torch.cat([torch.ones(len(hits)), torch.zeros(len(misses))]).double()
    share = torch.where(y > 0, 0.5 / len(hits), 0.5 / len(misses))
    weights = torch.zeros(x.shape[1], dtype=torch.double, requires_grad=True)
    search = torch.optim.LBFGS([weights], max_iter=300, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        search.zero_grad()
        wrong = torch.nn.functional.binary_cross_entropy_with_logits(x @ weights, y, reduction="none")
        total = (share * wrong).sum() + 1e-4 * (weights[1:] ** 2).sum()
        total.backward()
        return total

    search.step(loss)
    return [float(f"{one:.6g}") for one in weights.detach().tolist()]


def _places(one: Seen, model: ScoreModel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the numbers of the places of a copy, whether each is a planted nodule, and its weight."""
    found = candidates(one.cells, score_blocks(one.blocks, one.lung.lung_hu, model), MOST_PLACES)
    seen = lumps(one.volume, one.lung, found)
    scan, copy, volume = one.scan, one.copy, one.volume
    centre = volume.to_lps(seen.centre)
    is_hit, is_clear = np.zeros(len(centre), bool), np.ones(len(centre), bool)
    weight = np.full(len(centre), 0.25 if copy.nodules else 1.0)  # other places of a copy repeat those of the scan
    for nodule, diameter in copy.nodules:
        away = np.linalg.norm(centre - np.array(nodule), axis=1)
        hit = away <= max(0.35 * diameter, 3.0)
        is_clear &= hit | (away > diameter / 2 + 6)
        is_hit |= hit
        weight[hit] = 1 / np.sqrt(max(1, hit.sum()))
    for low, high in scan.lesions:
        is_clear &= ~((centre > low - 5) & (centre < high + 5)).all(axis=1)
    return weighed(found, seen)[is_clear], is_hit[is_clear], weight[is_clear]


def _fit_places(x: np.ndarray, is_hit: np.ndarray, weight: np.ndarray) -> dict[str, Any]:
    weight[is_hit] *= 0.25 * weight[~is_hit].sum() / weight[is_hit].sum()
    mean, sd = x.mean(axis=0), x.std(axis=0) + 1e-6
    inputs = torch.tensor(np.clip((x - mean) / sd, -FURTHEST, FURTHEST), dtype=torch.float32)
    nets = [_net(inputs, torch.tensor(is_hit), torch.tensor(weight / weight.mean()), seed) for seed in range(NETS)]
    rounded = {
        "mean": mean,
        "sd": sd,
        "hidden": np.concatenate([net[0].weight.detach().numpy() for net in nets]),
        "bias": np.concatenate([net[0].bias.detach().numpy() for net in nets]),
        "out": np.concatenate([net[2].weight.detach().numpy()[0] for net in nets]) / NETS,
    }
    told = {name: np.vectorize(lambda one: float(f"{one:.6g}"))(array).tolist() for name, array in rounded.items()}
    return told | {"base": float(np.mean([net[2].bias.item() for net in nets])) - RARER}


def _net(x: torch.Tensor, is_hit: torch.Tensor, weight: torch.Tensor, seed: int) -> torch.nn.Sequential:
    torch.manual_seed(seed)
    net = torch.nn.Sequential(torch.nn.Linear(x.shape[1], UNITS), torch.nn.Tanh(), torch.nn.Linear(UNITS, 1))
    search = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-2)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(search, ROUNDS)
    drawn = torch.Generator().manual_seed(seed)
    y = is_hit.float()
    for _ in range(ROUNDS):
        for part in torch.randperm(len(x), generator=drawn).split(512):
            noisy = x[part] + 0.1 * torch.randn(x[part].shape, generator=drawn)
            wrong = torch.nn.functional.binary_cross_entropy_with_logits(net(noisy)[:, 0], y[part], reduction="none")
            search.zero_grad()
            (weight[part] * wrong).mean().backward()
            search.step()
        slower.step()
    return net


if __name__ == "__main__":
    main()
