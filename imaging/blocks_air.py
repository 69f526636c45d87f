"""Which voxels hold air, and what does a ball close? The lung mask's work on bits, 64 voxels of a row in one word.

Users of numba, like `blocks`. Whole numbers only, so any number of threads gives the same bits; the plain twins are
a threshold in NumPy, SciPy's `label` and `morphology.closed`, which the tests hold these against.
"""

from math import sqrt

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

WORD = 64

Words = NDArray[np.uint64]
Step = tuple[int, int, int]


def air_words(
    hu: NDArray[np.int16],
    padding: NDArray[np.bool_] | None,
    step: Step,
    below_hu: int,
    coarse: NDArray[np.bool_],
    skip: Step,
) -> Words:
    """Return where every `step`-th voxel (x, y, z) lies below `below_hu` and is no padding: (MZ, MY, words of MX).

    Only air in `coarse` is kept, of which each value stands for `skip` (x, y, z) places; elsewhere nothing is read.
    """
    lines = packed(np.repeat(coarse, skip[0], axis=2))
    is_padding = np.zeros((1, 1, 1), np.bool_) if padding is None else padding
    asked = lines, skip[1], skip[2], is_padding, padding is not None, *step, np.int16(below_hu)
    return np.asarray(_air_words(hu, *asked), np.uint64)


def parts(mask: NDArray[np.bool_], hu: NDArray[np.int16]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return which part of a mask (Z, Y, X) each place belongs to, and (P, 3) of each: places, HU, is at a side.

    Parts are joined by faces and numbered from 1 in order of their first place; 0 is outside the mask. The sides are
    those of each slice.
    """
    labels, told = _parts(mask, hu)
    return np.asarray(labels, np.int32), np.asarray(told, np.int64)


def closed_words(words: Words, width: int, radius_mm: float, spacing_mm: tuple[float, float, float]) -> Words:
    """Return the mask (Z, Y, words of X) closed with a ball, what a ball that comes from outside cannot enter.

    Args: width: places along x; spacing_mm is along x, y, z. Bits beyond `width` come back 0.
    """
    rx, ry, rz = (int(radius_mm // mm) for mm in spacing_mm)
    depth, height = words.shape[:2]
    # Twice the reach all round, in whole words along x: a closing must not be cut off at the grid's border.
    margin = -(-2 * rx // WORD)
    padded = np.zeros((depth + 4 * rz, height + 4 * ry, words.shape[2] + 2 * margin), np.uint64)
    inner = slice(2 * rz, 2 * rz + depth), slice(2 * ry, 2 * ry + height), slice(margin, margin + words.shape[2])
    padded[inner] = words
    rods = _rods(radius_mm, spacing_mm)
    shape = padded.shape
    flat = padded.reshape(shape[0], shape[1] * shape[2])
    grown = _dilated(flat, rods, shape[2], 0, shape[0])
    shrunk = ~_dilated(~grown, rods, shape[2], 2 * rz, 2 * rz + depth)
    result = shrunk.reshape(shape)[inner] | words
    return np.asarray(result & packed(np.arange(words.shape[2] * WORD) < width), np.uint64)


def packed(mask: NDArray[np.bool_]) -> Words:
    """Return a mask (..., X) as words; X is filled up with 0."""
    width = -(-mask.shape[-1] // WORD) * WORD
    filled = np.pad(mask, [(0, 0)] * (mask.ndim - 1) + [(0, width - mask.shape[-1])])
    return np.packbits(filled, axis=-1, bitorder="little").view("<u8")


def unpacked(words: Words, width: int) -> NDArray[np.bool_]:
    """Return the mask (..., width) of words."""
    bits = np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=-1, count=width, bitorder="little")
    return bits.view(np.bool_)


def _rods(radius_mm: float, spacing_mm: tuple[float, float, float]) -> NDArray[np.int64]:
    """Return the ball as rods along x: (R, 3) of z, y and half length, the shortest first."""
    dx, dy, dz = spacing_mm
    rods = []
    for z in range(-int(radius_mm // dz), int(radius_mm // dz) + 1):
        for y in range(-int(radius_mm // dy), int(radius_mm // dy) + 1):
            left = radius_mm**2 - (z * dz) ** 2 - (y * dy) ** 2
            if left >= 0:
                rods.append((int(sqrt(left) // dx), z, y))
    return np.array([(z, y, half) for half, z, y in sorted(rods)], np.int64)


@njit(parallel=True, cache=True)
def _air_words(hu, lines, skip_y, skip_z, padding, is_padded, sx, sy, sz, below):  # type: ignore[no-untyped-def]
    depth, height, width = hu.shape
    mz, my, mx = (depth + sz - 1) // sz, (height + sy - 1) // sy, (width + sx - 1) // sx
    words = np.zeros((mz, my, (mx + WORD - 1) // WORD), np.uint64)
    for z in prange(mz):
        for y in range(my):
            row = hu[z * sz, y * sy]
            for word in range(words.shape[2]):
                wanted = lines[z // skip_z, y // skip_y, word]
                if wanted:
                    bits = np.uint64(0)
                    for bit in range(min(WORD, mx - word * WORD)):
                        x = (word * WORD + bit) * sx
                        is_air = row[x] < below
                        if is_padded:
                            is_air &= not padding[z * sz, y * sy, x]
                        bits |= np.uint64(is_air) << np.uint64(bit)
                    words[z, y, word] = bits & wanted
    return words


@njit(cache=True)
def _parts(mask, hu):  # type: ignore[no-untyped-def]
    depth, height, width = mask.shape
    labels = np.zeros(mask.shape, np.int32)
    above = np.zeros(mask.size // 2 + 2, np.int32)  # no mask has more parts than every second place
    many = 0
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                if mask[z, y, x]:
                    one = labels[z, y, x - 1] if x > 0 else 0
                    there = labels[z, y - 1, x] if y > 0 else 0
                    if there and there != one:
                        one = _joined(above, one, there) if one else there
                    there = labels[z - 1, y, x] if z > 0 else 0
                    if there and there != one:
                        one = _joined(above, one, there) if one else there
                    if one == 0:
                        many += 1
                        above[many] = one = many
                    labels[z, y, x] = one
    number, final = 0, np.zeros(many + 1, np.int32)
    for one in range(1, many + 1):
        top = _top(above, one)
        if top == one:
            number += 1
            final[one] = number
        else:
            final[one] = final[top]
    told = np.zeros((number + 1, 3), np.int64)
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                one = final[labels[z, y, x]]
                labels[z, y, x] = one
                told[one, 0] += 1
                told[one, 1] += hu[z, y, x]
                if y == 0 or x == 0 or y == height - 1 or x == width - 1:
                    told[one, 2] = 1
    return labels, told


@njit(cache=True)
def _joined(above, one, other):  # type: ignore[no-untyped-def]
    one, other = _top(above, one), _top(above, other)
    low, high = min(one, other), max(one, other)
    above[high] = low
    return low


@njit(cache=True)
def _top(above, one):  # type: ignore[no-untyped-def]
    while above[one] != one:
        above[one] = above[above[one]]
        one = above[one]
    return one


@njit(parallel=True, cache=True)
def _dilated(planes, rods, row, first, last):  # type: ignore[no-untyped-def]
    """Return planes (Z, rows of `row` words) grown by the rods; those from `first` to before `last`, the rest empty."""
    depth, many = planes.shape
    halves = rods[-1, 2] + 1
    grown = np.empty((halves, depth, many), np.uint64)
    for z in prange(depth):
        _lengthened(planes[z], grown[:, z])
    result = np.zeros_like(planes)
    for z in prange(first, last):
        for rod in range(rods.shape[0]):
            there, shift = z + rods[rod, 0], rods[rod, 1] * row
            if 0 <= there < depth:
                begin, end = max(0, -shift), min(many, many - shift)
                _join(result[z, begin:end], grown[rods[rod, 2], there, begin + shift : end + shift])
    return result


@njit(cache=True)
def _lengthened(words, grown):  # type: ignore[no-untyped-def]
    """Every run of bits longer by one at both ends each time. Rows follow one another: what runs over a row's end
    falls into the next one's margin, which nobody asks for."""
    grown[0] = words
    one, carry = np.uint64(1), np.uint64(WORD - 1)
    last = words.shape[0] - 1
    for half in range(1, grown.shape[0]):
        before, after = grown[half - 1], grown[half]
        for at in range(last + 1):
            left = before[at - 1] >> carry if at > 0 else np.uint64(0)
            right = before[at + 1] << carry if at < last else np.uint64(0)
            after[at] = words[at] | (before[at] << one) | left | (before[at] >> one) | right


@njit(cache=True)
def _join(into, words):  # type: ignore[no-untyped-def]
    for at in range(into.shape[0]):
        into[at] |= words[at]
