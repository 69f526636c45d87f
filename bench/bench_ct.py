"""How long does screening a 300 x 512 x 512 CT in memory take, beside one read of the volume?

    .venv/bin/python bench/bench_ct.py [--threads 2] [--repeats 9] [--slices 300] [--pipelines]

The volume is the drawn chest phantom. Each time is the shortest of the repeats, after a warm-up that compiles. One
read is a parallel sum over all voxels: the least that anything which looks at every voxel must cost here. With
--pipelines, the four features at one scale are also made with NumPy, SciPy and SimpleITK, once each.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numba
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from ct_pipelines import by_numpy, by_scipy, by_simpleitk

from imaging.blocks import Cells, blocks_of, cells_of
from imaging.candidates import candidates
from imaging.lump import lumps
from imaging.lung_mask import LungMask, lungs
from imaging.phantom import Phantom, draw_phantom
from imaging.score import SCALES_MM, score_blocks, score_places, shipped
from imaging.study import MOST_PLACES, screen

CHEST = Phantom(columns=512, pixel_mm=0.7, slices=300, slice_mm=1.0)


@numba.njit(parallel=True)  # type: ignore[untyped-decorator]
def one_read(hu: np.ndarray) -> int:
    """Return the sum of all voxels, reading each once."""
    total = 0
    for z in numba.prange(hu.shape[0]):
        total += _sum(hu[z].ravel())
    return total


@numba.njit  # type: ignore[untyped-decorator]
def _sum(values: np.ndarray) -> int:
    total = np.int32(0)  # 512 x 512 x 4096 HU stay within it
    for i in range(values.shape[0]):
        total = np.int32(total + np.int32(values[i]))
    return total


def milliseconds(repeats: int, run: Callable[[], object]) -> float:
    """Return the shortest time of a call, after one that is not counted."""
    run()
    times = []
    for _ in range(repeats):
        start = perf_counter()
        run()
        times.append((perf_counter() - start) * 1000)
    return min(times)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--slices", type=int, default=CHEST.slices)
    parser.add_argument("--pipelines", action="store_true")
    asked = parser.parse_args()
    numba.set_num_threads(asked.threads)
    volume = draw_phantom(replace(CHEST, slices=asked.slices, slice_mm=CHEST.slices / asked.slices))
    lung = lungs(volume)
    assert lung is not None
    spacing, whole = volume.spacing_mm, np.ones_like(lung.mask)

    def features(mask: np.ndarray, sizes: tuple[float, ...]) -> list[object]:
        cells = cells_of(volume.hu, spacing, mask, lung.step)
        return [blocks_of(cells, size_mm, lung.lung_hu) for size_mm in sizes]

    cells = cells_of(volume.hu, spacing, lung.mask, lung.step)
    sized = [blocks_of(cells, size_mm, lung.lung_hu) for size_mm in SCALES_MM]
    scored = score_blocks(sized, lung.lung_hu, shipped())
    found = candidates(cells, scored, MOST_PLACES)
    seen = lumps(volume, lung, found)
    rows = [
        ("one read of the volume, numba", lambda: one_read(volume.hu)),
        ("one read of the volume, np.sum", lambda: volume.hu.sum()),
        ("lung mask", lambda: lungs(volume)),
        ("four features, one scale, lungs", lambda: features(lung.mask, SCALES_MM[1:2])),
        ("four features, four scales, lungs", lambda: features(lung.mask, SCALES_MM)),
        ("four features, one scale, every block", lambda: features(whole, SCALES_MM[1:2])),
        ("block score, four scales", lambda: score_blocks(sized, lung.lung_hu, shipped())),
        ("peaks of the block score", lambda: candidates(cells, scored, MOST_PLACES)),
        ("rays and shape of the places", lambda: lumps(volume, lung, found)),
        ("score of the places", lambda: score_places(found, seen, shipped())),
        ("in memory: mask to regions", lambda: screen(volume)),
    ]
    read_ms = milliseconds(asked.repeats, rows[0][1])
    z, y, x = volume.hu.shape
    print(f"{z} x {y} x {x} int16, {asked.threads} threads, shortest of {asked.repeats}")
    print(f"lung mask {100 * lung.mask.mean():.0f} % of the volume\n")
    print("| step | ms | x one read |\n| --- | ---: | ---: |")
    for name, run in rows:
        ms = milliseconds(asked.repeats, run)
        print(f"| {name} | {ms:.1f} | {ms / read_ms:.1f} |")
    if asked.pipelines:
        _pipelines(volume.hu, lung, cells, read_ms)


def _pipelines(hu: np.ndarray, lung: LungMask, cells: Cells, read_ms: float) -> None:
    """Print the rows of the same features made with other libraries."""
    x, y, z = lung.step
    inside = lung.mask.repeat(z, axis=0).repeat(y, axis=1).repeat(x, axis=2)
    inside = inside[: hu.shape[0], : hu.shape[1], : hu.shape[2]]
    cell = cells.shape_vox
    for name, run in (
        ("NumPy", lambda: by_numpy(hu, inside, cells.spacing_mm, cell)),
        ("SciPy", lambda: by_scipy(hu, inside, cell)),
        ("SimpleITK", lambda: by_simpleitk(hu, inside, cell)),
    ):
        start = perf_counter()
        run()
        ms = (perf_counter() - start) * 1000
        print(f"| the same features at one scale, {name}, mask given | {ms:.0f} | {ms / read_ms:.0f} |")


if __name__ == "__main__":
    main()
