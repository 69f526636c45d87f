"""What do labels of one grid say on the grid of a volume? The nearest voxel, or a refusal where the two do not meet."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.errors import ForeignLabels
from imaging.volume import Volume

SAME_GRID_MM = 0.01  # as two readers of one series may differ (docs/imaging.md, "The standard volume")
LEAST_INSIDE = 0.5  # share of what is labelled; less lies on the scan when the labels are another scan's


def onto(
    volume: Volume, voxels: NDArray[np.uint16], affine_lps: NDArray[np.float64]
) -> tuple[NDArray[np.uint16], bool]:
    """Return labels (Z, Y, X) on the volume's grid, and whether they had to be resampled for it.

    Labels may cover a part of the scan, or stick out of it by less than half of what is labelled.
    Raises: ForeignLabels when nothing is labelled, or less than half of it lies within the scan.
    """
    labelled = np.argwhere(voxels > 0)
    if not len(labelled):
        raise ForeignLabels("nothing is labelled there")
    if voxels.shape == volume.hu.shape and _corners_apart_mm(volume, affine_lps) < SAME_GRID_MM:
        return voxels, False
    some = labelled[:: max(1, len(labelled) // 10_000)][:, ::-1].astype(float)
    places = volume.to_voxel(some @ affine_lps[:3, :3].T + affine_lps[:3, 3])
    size = np.array(volume.hu.shape[::-1])
    inside = float(np.mean(np.all((places > -0.5) & (places < size - 0.5), axis=1)))
    if inside < LEAST_INSIDE:
        raise ForeignLabels(f"only {inside:.0%} of what is labelled lies within this scan: the labels are another's")
    change = np.linalg.inv(affine_lps) @ volume.affine_lps  # from the volume's voxels to those of the labels
    turn = change[:3, :3][::-1, ::-1]
    moved = ndimage.affine_transform(
        voxels, turn, change[:3, 3][::-1], volume.hu.shape, order=0, mode="constant", cval=0
    )
    return moved, True


def _corners_apart_mm(volume: Volume, affine_lps: NDArray[np.float64]) -> float:
    last = np.array(volume.hu.shape[::-1], float) - 1
    corners = np.array(np.meshgrid(*[[0.0, end] for end in last], indexing="ij")).reshape(3, -1).T
    there = corners @ affine_lps[:3, :3].T + affine_lps[:3, 3]
    return float(np.abs(there - volume.to_lps(corners)).max())
