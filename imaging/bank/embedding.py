"""Where does a lump lie among its likes? The trained encoder, run in plain NumPy.

Every case is computed alone, so that its digits do not depend on who else is asked for.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_SD = 2.5  # a number farther from the nodules' mean counts as this far: no single one may rule (4 did worse)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Mean and standard deviation (F,) of the annotated nodules' numbers."""

    mean: NDArray[np.float32]
    sd: NDArray[np.float32]

    def standard(self, numbers: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return numbers (..., F) in standard deviations, clipped."""
        return np.clip((numbers - self.mean) / self.sd, -MOST_SD, MOST_SD).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """M members of two layers: first (M, F, H), first_bias (M, H), second (M, H, W), second_bias (M, W)."""

    first: NDArray[np.float32]
    first_bias: NDArray[np.float32]
    second: NDArray[np.float32]
    second_bias: NDArray[np.float32]

    def place(self, standard: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the embedding (M * W,), of length 1, of one case's standardised numbers (F,)."""
        hidden = np.maximum(np.einsum("f,mfh->mh", standard, self.first) + self.first_bias, 0)
        place = np.einsum("mh,mhw->mw", hidden, self.second) + self.second_bias
        place /= np.linalg.norm(place, axis=1, keepdims=True) + np.float32(1e-9)
        return np.asarray(place.ravel() / np.sqrt(len(place)), np.float32)

    def places(self, standard: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (N, M * W) of cases (N, F), each computed alone."""
        width = self.second.shape[0] * self.second.shape[2]
        return np.array([self.place(one) for one in standard], np.float32).reshape(len(standard), width)
