"""Small volumes and labels that the measuring tests draw by hand."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from imaging.labels import Labels
from imaging.volume import Provenance, Volume

PLAIN = Provenance(manufacturer="SIEMENS", kernel="B30f", kvp=120.0, slice_thickness_mm=3.0)


def volume_of(hu: NDArray[np.int16], spacing_mm: tuple[float, float, float], provenance: Provenance = PLAIN) -> Volume:
    """Return a volume whose first voxel lies at the origin."""
    return Volume(hu=hu.astype(np.int16), affine_lps=np.diag([*spacing_mm, 1.0]), provenance=provenance)


def labels_of(shape: tuple[int, ...], organs: Mapping[str, NDArray[np.bool_]]) -> Labels:
    """Return labels with one number an organ, in the order given; later organs lie over earlier ones."""
    voxels = np.zeros(shape, np.uint8)
    for number, mask in enumerate(organs.values(), start=1):
        voxels[mask] = number
    return Labels(
        voxels=voxels, numbers={name: (number,) for number, name in enumerate(organs, start=1)}, method="drawn"
    )
