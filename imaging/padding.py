"""Which pixels did the scanner not reconstruct?

Padding is the Pixel Padding Value (DICOM PS3.3 C.7.5.1.1.2), or a constant outside the reconstruction circle that
touches the border. A pixel inside the body that happens to hold the same value is never padding: only what is joined
to the border counts.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.volume import AIR_HU


class PaddingFinder:
    """Finds padding slice by slice, remembering the last slice: the circle is the same on most of them."""

    def __init__(self) -> None:
        self._candidates: NDArray[np.bool_] | None = None
        self._found: NDArray[np.bool_] | None = None

    def find(self, hu: NDArray[np.int16], declared_hu: tuple[int, int] | None) -> NDArray[np.bool_] | None:
        """Return True where one slice (Y, X) is padding, or None where nothing is.

        Args: declared_hu: lowest and highest HU of the declared padding value and range limit, if any.
        """
        candidates = _candidates(hu, declared_hu)
        if candidates is None:
            return None
        if self._candidates is None or not np.array_equal(candidates, self._candidates):
            real_possible = _is_constant_possible_in_body(hu[candidates])
            self._candidates, self._found = candidates, _joined_to_border(candidates, corners_only=real_possible)
        return self._found


def _candidates(hu: NDArray[np.int16], declared_hu: tuple[int, int] | None) -> NDArray[np.bool_] | None:
    corner = int(hu[0, 0])
    corners = {corner, int(hu[0, -1]), int(hu[-1, 0]), int(hu[-1, -1])}
    found = None
    if len(corners) == 1 and corner <= AIR_HU:  # air itself (-1000) is an image, not padding
        found = hu == corner
    if declared_hu is not None:
        low, high = declared_hu
        declared = (hu >= low) & (hu <= high)
        found = declared if found is None else found | declared
    return found if found is not None and found.any() else None


def _is_constant_possible_in_body(values: NDArray[np.int16]) -> bool:
    """Values of -1024 and above also occur in real air; lower ones do not."""
    return bool(values.max() >= AIR_HU)


def _joined_to_border(candidates: NDArray[np.bool_], *, corners_only: bool) -> NDArray[np.bool_] | None:
    labels, _ = ndimage.label(candidates)
    if corners_only:
        edge = labels[[0, 0, -1, -1], [0, -1, 0, -1]]
    else:
        edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    keep = np.zeros(labels.max() + 1, bool)
    keep[edge] = True
    keep[0] = False
    return keep[labels] if keep.any() else None
