"""Does CT screening find lesions? True ones of scans that were left out of learning, and planted nodules.

    .venv/bin/python bench/slow/ct_score_fit.py WORK_FOLDER
    .venv/bin/python bench/slow/ct_reach.py WORK_FOLDER [--nodules 200]

Each labelled scan is screened with the weights that were learned without it. Then nodules are planted into its
lesion-free lung: drawn ones of three sizes, solid and ground-glass, free, at the pleura and at vessels, with seeds that
learning never used; and annotated nodules of patients that were never learned from. Nine are planted at a time, well
apart; then each is screened alone: the scan's own voxels are put back where the other eight lay. Regions at the scan's
true lesion are left out of the ranking. Beside it, on the copies with nine and without what overlaps a better one:
blocks by brightness alone, and blocks at random, there leaving out what lies at the other eight. A nodule is found by
a region whose centre lies within its radius, or within 5 mm.
"""

import argparse
from dataclasses import dataclass, replace
from math import sqrt
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from ct_scans import LABELLED, Crop, Scan, crops, labelled, transplant
from ct_score_fit import held_out

from imaging.blocks import Blocks, Cells, blocks_of, cells_of
from imaging.lung_mask import LungMask, lungs
from imaging.planted import SETTINGS, Ground, Nodule, Setting, ground, place, plant
from imaging.score import SCALES_MM, ScoreModel, read_model
from imaging.study import screen
from imaging.volume import Volume

AT = (1, 4, 8)  # regions a scan
SIZES = {"3-6 mm": (3.0, 6.0), "6-10 mm": (6.0, 10.0), "> 10 mm": (10.0, 25.0)}
KINDS = {"solid": (0.0, 60.0), "ground-glass": (-650.0, -500.0)}
NEAR_MM = 5.0
SEED = 70_001
METHODS = ("score", "brightness", "random")
NODULES, MOST = 9, 40  # planted at a time; regions kept, so that 8 are left without the true lesion


@dataclass(frozen=True, kw_only=True)
class Row:
    """One planted nodule: its group, its scan, and the rank at which each method found it (99: not among 8)."""

    group: str
    scan: str
    setting: str
    ranks: tuple[int, ...]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=Path)
    parser.add_argument("--nodules", type=int, default=201)
    parser.add_argument("--annotated", type=int, default=81)
    asked = parser.parse_args()
    jobs = [(asked.work, number, asked.nodules, asked.annotated) for number in range(len(LABELLED))]
    with get_context("spawn").Pool(len(jobs)) as pool:
        told = pool.starmap(_reach, jobs, chunksize=1)
    print("| labelled scan, left out of learning | true lesion first at region |\n| --- | ---: |")
    for name, (rank, _) in zip(LABELLED, told, strict=True):
        print(f"| {name} | {rank or 'missed'} |")
    _print([row for _, rows in told for row in rows])


def _reach(work: Path, number: int, nodules: int, annotated: int) -> tuple[int | None, list[Row]]:
    """Return the rank of a labelled scan's true lesion, and the rows of what was planted into it."""
    scan = labelled(LABELLED[number])
    model = read_model(work / f"without_{scan.name}.json")
    shown = screen(scan.volume, model=model).regions
    ranks = [one.rank for one in shown if _inside(np.array(one.centre_lps_mm), scan.lesions)]
    wanted = [_drawn(one) for one in range(number, nodules, len(LABELLED))]
    wanted += _annotated(range(number, annotated, len(LABELLED)))
    return (ranks[0] if ranks else None), _found(scan, model, wanted)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A nodule to plant: drawn with `hu`, or annotated."""

    group: str
    setting: Setting
    diameter_mm: float
    seed: int
    hu: float = 0.0
    crop: Crop | None = None


def _drawn(number: int) -> Wanted:
    rng = np.random.default_rng(SEED + number)
    size, kind = list(SIZES)[number // 3 % 3], list(KINDS)[number // 9 % 2]
    return Wanted(
        group=f"drawn, {kind}, {size}",
        setting=SETTINGS[number // 18 % 3],
        diameter_mm=float(rng.uniform(*SIZES[size])),
        hu=float(rng.uniform(*KINDS[kind])),
        seed=SEED + number,
    )


def _annotated(numbers: range) -> list[Wanted]:
    known = list(crops())
    never = [crop for crop in known if crop.patient in held_out(known) and crop.patient != "LIDC-IDRI-0001"]
    result = []
    for number in numbers:
        crop = never[int(np.random.default_rng(SEED + 1000 + number).integers(len(never)))]
        size = next((name for name, (_, high) in SIZES.items() if crop.diameter_mm <= high), "> 10 mm")
        group = f"annotated, {size}"
        setting = SETTINGS[number // 3 % 3]
        result.append(
            Wanted(group=group, setting=setting, diameter_mm=crop.diameter_mm, seed=SEED + 1000 + number, crop=crop)
        )
    return result


def _found(scan: Scan, model: ScoreModel, wanted: list[Wanted]) -> list[Row]:
    rows, left = [], wanted
    here = ground(scan.volume, _lungs(scan.volume))
    while left:
        volume, done, left = _copy(scan, here, left)
        others_too = _baselines(volume, left[0].seed if left else 0)
        boxes = {one.seed: _box(at, one.diameter_mm) for one, at in done}
        for number, (one, at) in enumerate(done):
            alone = _alone(scan.volume, volume, [place for _, place in done], number)
            shown = [np.array(region.centre_lps_mm) for region in screen(alone, model=model, most=MOST).regions]
            others = [box for seed, box in boxes.items() if seed != one.seed]
            within = max(one.diameter_mm / 2, NEAR_MM)
            apart = np.array([*scan.lesions, *others])
            ranks = (
                _rank(shown, scan.lesions, np.array(at), within),
                *(_rank(places, apart, np.array(at), within) for places in others_too),
            )
            rows.append(Row(group=one.group, scan=scan.name, setting=one.setting, ranks=ranks))
    return rows


def _copy(
    scan: Scan, here: Ground, wanted: list[Wanted]
) -> tuple[Volume, list[tuple[Wanted, tuple[float, float, float]]], list[Wanted]]:
    """Return a copy of the scan with up to NODULES of the wanted in it, where each lies, and those still wanted."""
    volume, done, left = scan.volume, [], list(wanted)
    for one in wanted:
        if len(done) == NODULES:
            break
        rng = np.random.default_rng(one.seed)
        avoid = np.array([*scan.lesions, *(_box(at, other.diameter_mm) for other, at in done)])
        at = place(volume, here, one.setting, one.diameter_mm / 2, rng, avoid)
        if at is None:
            continue
        nodule = Nodule(centre_lps_mm=at, diameter_mm=one.diameter_mm, hu=one.hu, seed=one.seed)
        volume = transplant(volume, one.crop, at) if one.crop else plant(volume, [nodule])
        done.append((one, at))
        left.remove(one)
    assert done, "the lungs of these scans have room"
    return volume, done, left


def _box(at: tuple[float, float, float], diameter_mm: float) -> np.ndarray:
    half = max(diameter_mm / 2, NEAR_MM) + NEAR_MM
    return np.array([np.array(at) - half, np.array(at) + half])


def _alone(before: Volume, planted: Volume, places: list[tuple[float, float, float]], number: int) -> Volume:
    """Return the volume with only one of the planted nodules: of what was changed, what lies nearest to it."""
    changed = np.argwhere(planted.hu != before.hu)
    at = before.to_lps(changed[:, ::-1].astype(float))
    away = [np.linalg.norm(at - np.array(place), axis=1) for place in places]
    z, y, x = changed[np.argmin(away, axis=0) == number].T
    hu = before.hu.copy()
    hu[z, y, x] = planted.hu[z, y, x]
    return replace(before, hu=hu)


def _baselines(volume: Volume, seed: int) -> list[list[np.ndarray]]:
    """Return the centres of the blocks of a volume by brightness and at random, best first."""
    lung = _lungs(volume)
    cells = cells_of(volume.hu, volume.spacing_mm, lung.mask, lung.step)
    sized = [blocks_of(cells, size_mm, lung.lung_hu) for size_mm in SCALES_MM[1:]]  # 4 mm helps neither
    rng = np.random.default_rng(seed)
    bright = [np.where(one.filled > 0.5, one.brightness, -np.inf) for one in sized]
    random = [np.where(one.filled > 0.5, rng.random(one.filled.shape), -np.inf) for one in sized]
    return [_best_blocks(volume, cells, sized, bright), _best_blocks(volume, cells, sized, random)]


def _best_blocks(
    volume: Volume, cells: Cells, sized: list[Blocks], scored: list[np.ndarray], most: int = 40
) -> list[np.ndarray]:
    """Return the centres, LPS mm, of the blocks that score highest and do not overlap."""
    scores, centres, sides = [], [], []
    for blocks, score in zip(sized, scored, strict=True):
        at = np.argsort(-score.ravel(), kind="stable")[:4000]
        zyx = np.stack(np.unravel_index(at, score.shape), axis=1)
        begin = zyx[:, ::-1] * np.array(blocks.stride) + np.array(cells.first)
        voxel = (begin + np.array(blocks.side) / 2) * np.array(cells.shape_vox) - 0.5
        scores.append(score.ravel()[at])
        centres.append(volume.to_lps(voxel))
        sides.append(np.repeat([np.array(blocks.side) * np.array(cells.size_mm)], len(at), axis=0))
    score, centre, side = np.concatenate(scores), np.concatenate(centres), np.concatenate(sides)
    left, result = np.isfinite(score), []
    for best in np.argsort(-score, kind="stable"):
        if left[best] and len(result) < most:
            result.append(centre[best])
            left &= (np.abs(centre - centre[best]) > 0.9 * np.maximum(side, side[best])).any(axis=1)
    return result


def _rank(places: list[np.ndarray], lesions: np.ndarray, centre: np.ndarray, within_mm: float) -> int:
    counted = [one for one in places if not _inside(one, lesions)]
    for rank, one in enumerate(counted[: max(AT)], start=1):
        if np.linalg.norm(one - centre) <= within_mm:
            return rank
    return 99


def _inside(point: np.ndarray, lesions: np.ndarray) -> bool:
    return any(bool(np.all(low <= point) and np.all(point <= high)) for low, high in lesions)


def _lungs(volume: Volume) -> LungMask:
    lung = lungs(volume)
    assert lung is not None
    return lung


def _print(rows: list[Row]) -> None:
    drawn = [row for row in rows if row.group.startswith("drawn")]
    groups = {"all drawn": drawn, "all annotated": [row for row in rows if row not in drawn]}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    for row in drawn:
        groups.setdefault(f"drawn into {row.scan}", []).append(row)
        groups.setdefault(f"drawn, {row.setting}", []).append(row)
    print("\n| planted nodules | n | by | " + " | ".join(f"found at {at}" for at in AT) + " |")
    print("| --- | ---: | --- |" + " ---: |" * len(AT))
    for name in sorted(groups, key=lambda one: (not one.startswith("all"), one)):
        of = groups[name]
        for method in range(len(METHODS) if name.startswith("all") else 2):
            told = [_share(sum(row.ranks[method] <= at for row in of), len(of)) for at in AT]
            print(f"| {name} | {len(of)} | {METHODS[method]} | " + " | ".join(told) + " |")


def _share(found: int, of: int) -> str:
    """Return a share in per cent with its 95 % interval (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""
    if of == 0:
        return "-"
    share, z2 = found / of, 1.96**2
    middle, half = share + z2 / (2 * of), 1.96 * sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    low, high = (middle - half) / (1 + z2 / of), (middle + half) / (1 + z2 / of)
    return f"{100 * share:.0f} % ({100 * max(low, 0):.0f}-{100 * min(high, 1):.0f})"


if __name__ == "__main__":
    main()
