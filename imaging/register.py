"""Where was this point of the chest in an earlier scan?

The earlier scan is laid on the current one on a 4 mm grid, on HU clipped to lung and soft tissue: first by an affine
transform and mean squares, then by a smooth displacement by demons (Thirion 1998, doi:10.1016/S1361-8415(98)80022-4, of
SimpleITK). One thread and every voxel, so that the same two scans always give the same answer.
It misleads where lung has gone (operation, collapse) or a breath differs much: `likeness` says how well the two agree.
"""

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from imaging.absent import Absent
from imaging.lung_mask import LungMask, lungs
from imaging.volume import AIR_HU, Volume

GRID_MM = 4.0  # vessels guide the match; a finer grid takes eight times as long and gains less than a nodule's radius
CLIP_HU = (-1000.0, 150.0)  # air to soft tissue: bone and contrast, which differ between scans, weigh no more than it
MARGIN_MM = 20.0  # around the lungs: ribs and diaphragm help
AFFINE_STEPS = 150  # a bound: the optimiser ends by itself when its steps fall below 0.01 mm
AFFINE_SHRINK = 2  # a whole chest's twelve numbers are found on 8 mm as well, in an eighth of the time
DEMONS_STEPS = 40  # 60 gave the same median error and 0.05 mm less at the 95th percentile (two warped scans)
DEMONS_SMOOTH_VOXELS = 1.5  # 6 mm: lungs deform smoothly, a nodule's own growth must not be warped away
LEAST_LIKENESS = 0.87  # half-way between another patient (0.80, one pair) and the same one warped (0.94 to 0.99)

Point = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Registration:
    """`likeness` is the correlation of the two chests laid on each other, 1 when alike."""

    transform: sitk.Transform
    likeness: float

    def to_prior(self, point_lps_mm: Point) -> Point:
        """Return where a point of the current scan lies in the earlier one, LPS mm."""
        x, y, z = self.transform.TransformPoint(point_lps_mm)
        return float(x), float(y), float(z)


def register(current: Volume, prior: Volume) -> Registration | Absent:
    """Return how points of the current scan are found in the prior, or why that can't be told."""
    here, there = lungs(current), lungs(prior)
    if here is None or there is None:
        return Absent(reason=f"no aerated lung in the {'current' if here is None else 'earlier'} scan")
    fixed, moving = _coarse(current, here), _coarse(prior, there)
    affine = _affine(fixed, moving, _middle(current, here), _middle(prior, there))
    moved = _resampled(moving, fixed, affine)
    demons = sitk.FastSymmetricForcesDemonsRegistrationFilter()
    demons.SetNumberOfThreads(1)
    demons.SetNumberOfIterations(DEMONS_STEPS)
    demons.SetSmoothDisplacementField(True)
    demons.SetStandardDeviations(DEMONS_SMOOTH_VOXELS)
    field = sitk.DisplacementFieldTransform(sitk.Cast(demons.Execute(fixed, moved), sitk.sitkVectorFloat64))
    both = sitk.CompositeTransform([affine, field])  # the last one is applied first: current -> affine frame -> prior
    likeness = _likeness(fixed, _resampled(moving, fixed, both))
    if likeness < LEAST_LIKENESS:
        return Absent(reason=f"the two scans could not be laid on each other (likeness {likeness:.2f})")
    return Registration(transform=both, likeness=likeness)


def _coarse(volume: Volume, lung: LungMask) -> sitk.Image:
    """Return the chest around the lungs on about 4 mm, clipped and scaled to 0 ... 1, with its place in space."""
    used = [np.flatnonzero(lung.mask.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    box = []
    for found, step, mm, length in zip(used, lung.step[::-1], volume.spacing_mm[::-1], volume.hu.shape, strict=True):
        margin = int(MARGIN_MM / mm)
        box.append((max(0, int(found[0]) * step - margin), min(length, (int(found[-1]) + 1) * step + margin)))
    (z0, z1), (y0, y1), (x0, x1) = box
    hu = volume.hu[z0:z1, y0:y1, x0:x1].astype(np.float32)
    if volume.padding is not None:
        hu[volume.padding[z0:z1, y0:y1, x0:x1]] = AIR_HU
    low, high = CLIP_HU
    image = sitk.GetImageFromArray((np.clip(hu, low, high) - low) / (high - low))
    directions = volume.affine_lps[:3, :3] / np.array(volume.spacing_mm)
    image.SetSpacing(volume.spacing_mm)
    image.SetDirection(directions.ravel().tolist())
    image.SetOrigin(volume.to_lps(np.array([x0, y0, z0], float)).tolist())
    blurred = sitk.SmoothingRecursiveGaussian(image, GRID_MM / 2)  # half a grid step: no aliasing
    shape = [max(8, round(n * mm / GRID_MM)) for n, mm in zip(image.GetSize(), image.GetSpacing(), strict=True)]
    spacing = [n * mm / m for n, mm, m in zip(image.GetSize(), image.GetSpacing(), shape, strict=True)]
    return sitk.Resample(
        blurred, shape, sitk.Transform(), sitk.sitkLinear, image.GetOrigin(), spacing, image.GetDirection(), 0.0
    )


def _middle(volume: Volume, lung: LungMask) -> NDArray[np.float64]:
    """Return the centre of the lungs in LPS mm."""
    zyx = np.argwhere(lung.mask).mean(axis=0)
    return volume.to_lps(zyx[::-1] * np.array(lung.step))


def _affine(
    fixed: sitk.Image, moving: sitk.Image, here: NDArray[np.float64], there: NDArray[np.float64]
) -> sitk.Transform:
    start = sitk.AffineTransform(3)
    start.SetCenter(here.tolist())
    start.SetTranslation((there - here).tolist())
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)
    method.SetMetricAsMeanSquares()
    method.SetMetricSamplingStrategy(method.NONE)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(4.0, 0.01, AFFINE_STEPS, gradientMagnitudeTolerance=1e-6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([AFFINE_SHRINK])
    method.SetSmoothingSigmasPerLevel([AFFINE_SHRINK / 2])
    method.SetInitialTransform(start, inPlace=True)
    method.Execute(fixed, moving)
    return start


def _resampled(moving: sitk.Image, fixed: sitk.Image, transform: sitk.Transform) -> sitk.Image:
    return sitk.Resample(moving, fixed, transform, sitk.sitkLinear, 0.0)


def _likeness(one: sitk.Image, other: sitk.Image) -> float:
    a, b = sitk.GetArrayViewFromImage(one).ravel(), sitk.GetArrayViewFromImage(other).ravel()
    return float(np.corrcoef(a, b)[0, 1])
