"""How good are the measurements: calcium inserts, nodule outlines, repeated spheres, growth on warped scans.

    PYTHONPATH=. .venv/bin/python bench/slow/ct_measures.py [calcium] [trained] [nodules] [spheres] [growth]

Needs ../shared/data/ct but for `spheres`. What is planted or warped is said to be; figures go to bench/RESULTS.md.
"""

import csv
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from imaging import calcium
from imaging.absent import Absent
from imaging.bank.folder import CutOut, cut_outs
from imaging.lung_mask import lungs
from imaging.measure.growth import Growth, grown
from imaging.measure.nodule import measured_one, nodule_at, nodule_in, nodule_of, stated_sd
from imaging.outline import AS_READERS, outline
from imaging.register import register
from imaging.study import read_path
from imaging.volume import Volume
from tests.reference import qrm_phantom

CT = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "ct"


def calcium_inserts() -> None:
    folder = CT / "calcium_qrm_canon"
    volume, _ = read_path(folder / "dicom.tar.xz")
    known = qrm_phantom.calibration(volume)
    print(f"calibration by the rods: {known.mg_per_ml_hu:.4f} mg/ml/HU")
    default = {one.name: one for one in qrm_phantom.scored(volume, folder, calcium.DEFAULT_CALIBRATION)}
    rims = {mm: {one.name: one for one in qrm_phantom.scored(volume, folder, None, mm)} for mm in (1.0, 2.0, 2.5)}
    for one in qrm_phantom.scored(volume, folder):
        others = " | ".join(f"{rims[mm][one.name].off_percent:+.0f} %" for mm in rims)
        print(
            f"| {one.name} | {one.agatston:.1f} | {one.volume_mm3:.1f} | {one.known_mg:.3g} | "
            f"{one.mass_mg:.2f} ± {one.mass_sd:.2f} | {one.off_percent:+.1f} % | "
            f"{default[one.name].off_percent:+.1f} % | {others} |"
        )


Row = dict[str, float]


def compared(half: int) -> list[Row]:
    """Our numbers from the middle of the readers' outline beside theirs, of half of the patients (seed 11)."""
    with (CT / "nodules_lidc_voi" / "nodules.csv").open(encoding="utf-8") as table:
        texture = {row["file"].removesuffix(".nii.gz"): int(row["Texture_value"]) for row in csv.DictReader(table)}
    cuts = [one for one in cut_outs(CT / "nodules_lidc_voi") if isinstance(one, CutOut)]
    patients, index = np.unique([one.case.split("_")[0] for one in cuts], return_inverse=True)
    own = (np.random.default_rng(11).permutation(len(patients)) % 2)[index] == half
    rows = []
    for one in (one for one, use in zip(cuts, own, strict=True) if use):
        dz, dy, dx = one.spacing_zyx
        volume = Volume(hu=one.hu, affine_lps=np.diag([dx, dy, dz, 1.0]))
        x, y, z = volume.to_lps(np.array(ndimage.center_of_mass(one.mask))[::-1]).tolist()
        drawn, seen = outline(volume, (x, y, z)), outline(volume, (x, y, z), AS_READERS)
        if isinstance(drawn, Absent) or isinstance(seen, Absent):
            print(f"{one.case} is not drawn")
            continue
        ours, theirs = (
            nodule_of(volume, measured_one(drawn, seen), seen),
            nodule_in(volume, one.mask, (0, 0, 0), None, is_cut=False),
        )
        volume_sd, length_sd = stated_sd(ours)
        inside = np.zeros(one.mask.shape, bool)
        inside[seen.box] = seen.mask
        rows.append({
            "mm": theirs.diameter_mm, "ln volume": np.log(ours.volume_mm3 / theirs.volume_mm3),
            "ln seen": np.log(seen.mask.sum() / one.mask.sum()),
            "ln length": np.log(ours.diameter_mm / theirs.diameter_mm),
            "apart mm": ours.diameter_mm - theirs.diameter_mm, "volume sd": volume_sd, "length sd": length_sd,
            "walled": bool(ours.is_walled), "dice": 2 * (inside & one.mask).sum() / (inside.sum() + one.mask.sum()),
            "kind": ("ground_glass", "part_solid", "solid").index(drawn.kind), "texture": texture[one.case],
        })  # fmt: skip
    return rows


def trained() -> None:
    """What the training half of the patients says of readers' disagreement with us, by being near a wall."""
    rows = compared(0)
    for walled in (False, True):
        some = [row for row in rows if row["walled"] == walled]
        told = [np.percentile(np.abs([row[name] for row in some]), 95) / 1.96 for name in ("ln volume", "ln length")]
        print(f"walled {walled}: {len(some)}, sd of ln volume {told[0]:.2f}, of ln length {told[1]:.2f}")


def nodules() -> None:
    """The other half, from which nothing was learnt."""
    rows = compared(1)
    for low, high in ((0, 6), (6, 10), (10, 20), (20, 99), (0, 99)):
        some = {name: np.array([row[name] for row in rows if low <= row["mm"] < high]) for name in rows[0]}
        spread = np.exp(np.percentile(some["ln volume"], (2.5, 97.5)))
        apart = np.percentile(some["apart mm"], (2.5, 97.5))
        inside = [np.mean(np.abs(some[f"ln {name}"]) < 1.96 * some[f"{name} sd"]) for name in ("volume", "length")]
        print(
            f"| {low} to {high} mm | {len(some['mm'])} | {np.exp(np.median(some['ln volume'])):.2f} | "
            f"{spread[0]:.2f} to {spread[1]:.2f} | {inside[0]:.0%} | {np.exp(np.median(some['ln seen'])):.2f} | "
            f"{np.median(some['dice']):.2f} | {np.median(some['apart mm']):+.1f} | "
            f"{apart[0]:+.1f} to {apart[1]:+.1f} | {inside[1]:.0%} |"
        )
    for texture in range(1, 6):
        kinds = [int(row["kind"]) for row in rows if row["texture"] == texture]
        print(f"| {texture} | {len(kinds)} | {kinds.count(0)} | {kinds.count(1)} | {kinds.count(2)} |")


def sphere(diameter: float, slice_mm: float, shift: np.ndarray, rng: np.random.Generator) -> tuple[Volume, np.ndarray]:
    """A blurred sphere of 30 HU in lung of -850 HU, noise 25 HU, pixels of 0.7 mm, drawn on eighths of a slice."""
    pixel, sub, deep = 0.7, 4, 8
    n, nz = int((diameter + 24) / pixel), int(np.ceil((diameter + 24) / slice_mm))
    middle = np.array([nz * slice_mm, n * pixel, n * pixel]) / 2 + shift
    z = (np.arange(nz * deep) + 0.5) / deep * slice_mm - slice_mm / 2 - middle[0]
    y = (np.arange(n * sub) + 0.5) / sub * pixel - pixel / 2
    inside = z[:, None, None] ** 2 + (y - middle[1])[:, None] ** 2 + (y - middle[2]) ** 2 < (diameter / 2) ** 2
    share = inside.reshape(nz, deep, n, sub, n, sub).mean(axis=(1, 3, 5))
    share = ndimage.gaussian_filter(share, (0.3 / slice_mm, 0.5 / pixel, 0.5 / pixel))
    noise = 52 * ndimage.gaussian_filter(rng.standard_normal(share.shape), (0, 0.6, 0.6))  # 25 HU after the filter
    hu = np.rint(-850 + 880 * share + noise).astype(np.int16)
    return Volume(hu=hu, affine_lps=np.diag([pixel, pixel, slice_mm, 1.0])), middle[::-1]


def spheres() -> None:
    rng = np.random.default_rng(1)
    for slice_mm in (1.0, 1.25, 2.5, 5.0):
        for diameter in (5, 6, 8, 10, 15, 20):
            volumes, diameters = [], []
            for _ in range(12):
                shift = rng.uniform(-0.5, 0.5, 3) * [slice_mm, 0.7, 0.7]
                drawn, middle = sphere(diameter, slice_mm, shift, rng)
                found = nodule_at(drawn, tuple(middle.tolist()))
                if not isinstance(found, Absent):
                    volumes.append(found.volume_mm3 / (np.pi / 6 * diameter**3))
                    diameters.append(found.diameter_mm - diameter)
            print(
                f"| {slice_mm:g} | {diameter} | {len(volumes)}/12 | {np.mean(volumes) - 1:+.0%} | "
                f"{np.std(volumes):.1%} | {np.mean(diameters):+.2f} |"
            )


def image_of(volume: Volume) -> sitk.Image:
    image = sitk.GetImageFromArray(volume.hu.astype(np.float32))
    image.SetSpacing(volume.spacing_mm)
    image.SetOrigin(volume.affine_lps[:3, 3].tolist())
    return image


def known_map(image: sitk.Image, seed: int) -> sitk.Transform:
    """Turned, shifted, 2 % wider, 5 % longer, and bent by splines of 6 mm: from the current scan to the earlier one."""
    rng = np.random.default_rng(seed)
    bent = sitk.BSplineTransformInitializer(image, [5, 5, 4])
    bent.SetParameters(rng.normal(0, 6.0, len(bent.GetParameters())).tolist())
    turned = sitk.AffineTransform(3)
    turned.SetCenter(image.TransformContinuousIndexToPhysicalPoint([n / 2 for n in image.GetSize()]))
    turned.Rotate(0, 1, float(np.radians(rng.normal(0, 2))))
    turned.Scale([1.0, 1.02, 1.05])
    turned.SetTranslation(rng.normal(0, 8, 3).tolist())
    return sitk.CompositeTransform([turned, bent])


def planted(volume: Volume, place: np.ndarray, diameter: float) -> Volume:
    """A sphere of 30 HU with an edge blended over one voxel."""
    spacing = np.array(volume.spacing_mm[::-1])
    at = volume.to_voxel(place)[::-1]
    z, y, x = (((np.arange(n) - a) * mm) for n, a, mm in zip(volume.hu.shape, at, spacing, strict=True))
    away = np.sqrt(z[:, None, None] ** 2 + y[None, :, None] ** 2 + x[None, None, :] ** 2)
    share = np.clip((diameter / 2 - away) / spacing.mean() + 0.5, 0, 1)
    return replace(volume, hu=np.rint(volume.hu * (1 - share) + 30 * share).astype(np.int16))


def lung_places(volume: Volume, count: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Places in plain lung, 12 mm or more from its border and without a large vessel."""
    lung = lungs(volume)
    assert lung is not None
    spacing = np.array(volume.spacing_mm[::-1]) * lung.step[::-1]
    deep = np.argwhere(ndimage.distance_transform_edt(lung.mask, sampling=spacing) > 12)
    while count:
        zyx = deep[rng.integers(len(deep))] * np.array(lung.step[::-1])
        around = volume.hu[tuple(slice(a - r, a + r + 1) for a, r in zip(zyx, (3, 5, 5), strict=True))]
        if around.size and around.max() < -500:
            count -= 1
            yield volume.to_lps(zyx[::-1].astype(float))


def growth() -> None:
    """LIDC-IDRI-0001, every second pixel; spheres planted before (6 to 10 mm) and after (x 1.0 to x 3 in volume)."""
    whole, _ = read_path(CT / "chest_ge_lidc0001" / "dicom.tar.xz")
    affine = whole.affine_lps @ np.diag([2.0, 2.0, 1.0, 1.0])
    prior = replace(
        whole, hu=np.ascontiguousarray(whole.hu[:, ::2, ::2]), affine_lps=affine,
        padding=None if whole.padding is None else np.ascontiguousarray(whole.padding[:, ::2, ::2]),
    )  # fmt: skip
    image, rng = image_of(prior), np.random.default_rng(5)
    for seed in (0, 1):
        known = known_map(image, seed)
        hu = sitk.GetArrayFromImage(
            sitk.Resample(image, image, known, sitk.sitkLinear, -1000.0, sitk.sitkFloat32, True)
        )
        noisy = np.clip(np.rint(hu + 15 * rng.standard_normal(hu.shape)), -1024, 3071).astype(np.int16)
        current = replace(prior, hu=noisy, padding=None)
        started = time.perf_counter()
        laid = register(current, prior)
        seconds = time.perf_counter() - started
        assert not isinstance(laid, Absent)
        points = list(lung_places(current, 300, rng))
        errors = [
            np.linalg.norm(np.subtract(laid.to_prior(tuple(p)), known.TransformPoint(p.tolist()))) for p in points
        ]
        moved = [np.linalg.norm(np.subtract(p, known.TransformPoint(p.tolist()))) for p in points]
        print(
            f"warp {seed}: moved {np.median(moved):.1f} mm (most {np.max(moved):.1f}); error median "
            f"{np.median(errors):.2f}, p95 {np.percentile(errors, 95):.2f}, most {np.max(errors):.2f} mm; "
            f"{seconds:.0f} s"
        )
        for place, before_mm, factor in zip(points, (6, 8, 10) * 2, (1.0, 1.5, 2.0, 3.0, 2.0, 1.5), strict=False):
            after = planted(current, place, before_mm * factor ** (1 / 3))
            before = planted(prior, np.array(known.TransformPoint(place.tolist())), before_mm)
            found = grown(after, before, tuple(place.tolist()), 180)
            if isinstance(found, Growth):
                days = None if factor == 1 else 180 * np.log(2) / np.log(factor)
                print(
                    f"| {before_mm} | x{factor} | {days and round(days)} | {found.change} | "
                    f"x{1 + found.change_percent / 100:.2f} | {found.doubling_days and round(found.doubling_days)} | "
                    f"{found.doubling_interval_days and [d and round(d) for d in found.doubling_interval_days]} |",
                    flush=True,
                )
            else:
                print(f"| {before_mm} | x{factor} | {found.reason} |", flush=True)


PARTS = {"calcium": calcium_inserts, "trained": trained, "nodules": nodules, "spheres": spheres, "growth": growth}

if __name__ == "__main__":
    for name in sys.argv[1:] or PARTS:
        print(f"## {name}")
        PARTS[name]()
