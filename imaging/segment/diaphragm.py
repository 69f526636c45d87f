"""How high does the diaphragm stand at each place? The lungs' lower faces, bridged where the heart lies on it."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.segment.coarse import Coarse, Mask

NEAR_MM, FAR_MM = 10.0, 35.0  # sigmas of the bridging: the face itself, and the heart's width
RIGHT_TOP, LEFT_TOP = 0.92, 0.55  # share of a lung's lower face; above lie its columns over heart and hilum
HEART_FLOOR = 0.4  # share of both faces: the heart reaches as low as the lower of them
HEART_TOP = 0.5  # share of both faces: under the heart the diaphragm stands no higher than their median
LEAST_FACE_MM2 = 3000.0  # a tenth of the lower face of both lungs
DOME_SHARE = 0.3  # of the body's section that lung takes up above the dome; in the sinuses it is a rim


def diaphragm(grid: Coarse, right: Mask, left: Mask, body: Mask) -> tuple[NDArray[np.float64], float] | None:
    """Return the slice (Y, X, fractional) of the lungs' lower face, and where the heart may lie on it at lowest.

    None when the domes are not in the scan.

    Misleads under the heart, where it is only bridged from both sides, and with a raised or torn diaphragm.
    """
    lung_area = (right | left).sum(axis=(1, 2))
    if not np.any(lung_area > DOME_SHARE * np.maximum(1, body.sum(axis=(1, 2)))):
        return None
    rows, columns = np.indices(right.shape[1:])
    height = np.zeros(right.shape[1:])
    known = np.zeros(right.shape[1:], bool)
    for lung, top in ((right, RIGHT_TOP), (left, LEFT_TOP)):
        lowest = lung.argmax(axis=0)
        face = lung.any(axis=0) & (lowest > 0) & body[np.maximum(lowest - 1, 0), rows, columns]
        if face.any():
            known |= face
            height[face] = np.minimum(lowest[face], np.quantile(lowest[face], top))
    if known.sum() * grid.spacing_mm[0] * grid.spacing_mm[1] < LEAST_FACE_MM2:
        return None
    result, weight = np.zeros(height.shape), np.zeros(height.shape)
    for sigma_mm, share in ((NEAR_MM, 1.0), (FAR_MM, 0.02), (4 * FAR_MM, 1e-5)):
        sigma = sigma_mm / grid.spacing_mm[1], sigma_mm / grid.spacing_mm[0]
        result += share * ndimage.gaussian_filter(height, sigma)
        weight += share * ndimage.gaussian_filter(known.astype(float), sigma)
    bridged = np.minimum(result / np.maximum(weight, 1e-12), np.quantile(height[known], HEART_TOP))
    return np.where(known, height, bridged), float(np.quantile(height[known], HEART_FLOOR))
