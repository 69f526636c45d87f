"""Which places of the bank lie nearest? Exact below 50,000 cases, by inverted lists (IVF) from there on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

EXACT_BELOW = 50_000  # one thread reads 50,000 x 64 numbers in about a millisecond; from there on the lists pay
LISTS, PROBES = 256, 24  # of 256 lists 24 are read: recall and times in bench/RESULTS.md
_SEED = 1


@dataclass(frozen=True, kw_only=True)
class Index:
    """Places (N, W) of unit length and, for a large bank, faiss's inverted lists over them."""

    places: NDArray[np.float32]
    lists: Any = None  # faiss has no types


def index_of(places: NDArray[np.float32], exact_below: int = EXACT_BELOW) -> Index:
    """Return an index of places (N, W); the same places give the same index."""
    if len(places) < exact_below:
        return Index(places=places)
    import faiss  # here: 0.1 s that a small bank need not pay

    faiss.omp_set_num_threads(1)
    lists = faiss.IndexIVFFlat(faiss.IndexFlatIP(places.shape[1]), places.shape[1], LISTS, faiss.METRIC_INNER_PRODUCT)
    lists.cp.seed = _SEED
    lists.train(places)
    lists.add(places)
    lists.nprobe = PROBES
    return Index(places=places, lists=lists)


def nearest(index: Index, place: NDArray[np.float32], most: int) -> list[tuple[int, float]]:
    """Return at most `most` cases with their cosine similarity, the most alike first; ties by their order."""
    if index.lists is not None:
        similar, numbers = index.lists.search(place[None], most)
        found = [(int(n), float(s)) for n, s in zip(numbers[0], similar[0], strict=True) if n >= 0]
        return sorted(found, key=lambda one: (-one[1], one[0]))
    similarity = np.einsum("nw,w->n", index.places, place)
    if most < len(similarity):
        chosen = np.argpartition(-similarity, most - 1)[:most]
    else:
        chosen = np.arange(len(similarity))
    ordered = sorted(((int(n), float(similarity[n])) for n in chosen), key=lambda one: (-one[1], one[0]))
    return ordered
