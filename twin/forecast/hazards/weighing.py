"""Which of several ways to foretell counts, by how well patients left out are foretold: the one-standard-error rule.

After Breiman et al. 1984 (Classification and Regression Trees, 3.4.3), who take the simplest within one error of the
best. That the error is of the paired difference over patients, that penalties within it are averaged, and that a net
stands unless the sum is better by as much, are house choices.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def weights(losses: Array, is_apart: Mask) -> Array:
    """Return how much each way counts, from its losses (K, P) by patient: alike within one standard error of the best.

    Ways that are `is_apart` (K,) count alone, unless the best of the others is better by more than that.
    """
    total = losses.sum(axis=1)
    best = int(np.argmin(total))
    if is_apart.any() and not is_apart[best]:
        held = int(np.argmin(np.where(is_apart, total, np.inf)))
        if errors_worse(losses[held], losses[best]) <= 1:
            best = held
    counts = [
        is_apart[at] == is_apart[best] and errors_worse(each, losses[best]) <= 1 for at, each in enumerate(losses)
    ]
    return np.asarray(np.array(counts) / sum(counts))


def preferred(losses: Array) -> int:
    """Return which of (K, P) to use, the plain one last: the first of the others, unless that costs.

    Those that the plain one betters by more than one standard error are left out; of the rest the first, unless a later
    one betters it by as much. So the fuller way has the benefit of the doubt: the mean of two that differ is rarely
    worse than either, and held-out patients are often too few to tell.
    """
    plain = len(losses) - 1
    standing = [at for at in range(plain) if errors_worse(losses[at], losses[plain]) <= 1]
    if not standing:
        return plain
    chosen = standing[0]
    for at in standing[1:]:
        if errors_worse(losses[chosen], losses[at]) > 1:
            chosen = at
    return chosen


def errors_worse(one: Array, other: Array) -> float:
    """Return by how many standard errors, over patients (P,), the sum of `one` is above that of `other`."""
    difference = one - other
    error = float(difference.std()) * np.sqrt(len(difference))
    return float(difference.sum()) / error if error > 0 else 0.0


def by_patient(loss: Array, patient: NDArray[np.int64], judged: NDArray[np.int64]) -> Array:
    """Return the losses of rows (N,) summed for each of the `judged` patients (P,), sorted."""
    found = np.zeros(len(judged))
    np.add.at(found, np.searchsorted(judged, patient), loss)
    return found
