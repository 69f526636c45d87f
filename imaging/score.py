"""How much does a block look like a lump in the lung? One number, 0 to 1, from its four features.

The score is a product: a block must be dense, alone, smooth enough and mostly inside the mask, all at once. That is
what brightness alone lacks: vessels are dense but not alone, the chest wall is dense but half outside.

    score = sqrt(density) * (1 - similarity)^3 * filled * (1 - hot) * (1 - excess variation) * exp(-boundary / 0.6)

The constants are reasoned, not learned, and were looked at on three labelled scans (so their ranks there are no
independent measurement); a score learned from annotated nodules is to replace them. It misleads on nodules under about
6 mm, whose block is mostly lung, and on ground-glass, whose density is low. It is not a probability of disease.
"""

import numpy as np
from numpy.typing import NDArray

from imaging.blocks import Blocks

SOLID_HU = 30.0  # soft tissue without contrast; a block of it has density 1
HOT_HU, HOT_RANGE_HU = 120.0, 150.0  # above: contrast-filled vessel or bone; enhancing nodules rarely pass 150 HU
NOISE_HU, EXCESS_RANGE_HU = 60.0, 200.0  # noise of a standard chest CT; then the spread that only vessel or bone adds
HALF_FILLED, FILLED_RANGE = 0.3, 0.5  # below 0.3 a block is a sliver of the mask's rim, above 0.8 it counts whole
BOUNDARY_PER_MM = 0.6  # surface per volume of a 10 mm sphere; bushes of vessels have more
ALONE_POWER = 3  # a vessel is alike along 1 line in 13, a branching along 3: a power tells them from none


def score(blocks: Blocks, lung_hu: float) -> NDArray[np.float32]:
    """Return the score of each block (BZ, BY, BX), 0 where nothing is masked; `lung_hu` is this scan's aerated lung."""
    with np.errstate(invalid="ignore"):
        density = np.clip((blocks.brightness - lung_hu) / (SOLID_HU - lung_hu), 0, 1)
        hot = np.clip((blocks.brightness - HOT_HU) / HOT_RANGE_HU, 0, 1)
        mixed_hu = (SOLID_HU - lung_hu) * np.sqrt(density * (1 - density))  # spread of a mix of lung and soft tissue
        excess = np.clip((blocks.variation - mixed_hu - NOISE_HU) / EXCESS_RANGE_HU, 0, 1)
        filled = np.clip((blocks.filled - HALF_FILLED) / FILLED_RANGE, 0, 1)
        alone = (1 - blocks.similarity) ** ALONE_POWER
        smooth = np.exp(-blocks.boundary / BOUNDARY_PER_MM)
        result = np.sqrt(density) * alone * filled * (1 - hot) * (1 - excess) * smooth
    return np.nan_to_num(result, nan=0.0).astype(np.float32)
