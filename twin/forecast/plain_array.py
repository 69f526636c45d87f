"""One array of plain numbers as the bytes of a `.npy` file, and back, without pickle and without trusting its header.

NumPy's own reader allocates what a header claims before it looks whether the bytes are there.
Source: NEP 1, "A simple file format for NumPy arrays".
"""

from io import BytesIO
from math import prod
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

KINDS = "biuf"
"""bool, signed, unsigned and float: words belong into the spec."""
_VERSION = (1, 0)
_MAX_HEADER = 4096  # bytes; the header of a plain array has 128


class NotPlain(ValueError):
    """Not the bytes of a plain array."""


def array_bytes(array: NDArray[Any]) -> bytes:
    """Return the array as `.npy` bytes, C order, little endian.

    Raises:
        ValueError: it holds something else than numbers and truth values.
    """
    if array.dtype.kind not in KINDS:
        raise ValueError(f"an array of {array.dtype} can't be kept in a model file")
    plain = np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
    out = BytesIO()
    npy.write_array(out, plain, version=_VERSION, allow_pickle=False)
    return out.getvalue()


def read_array(data: bytes) -> NDArray[Any]:
    """Return the array in `.npy` bytes, a copy of its own.

    Raises:
        NotPlain: a header that is not of a plain array, or not of exactly these bytes.
    """
    stream = BytesIO(data)
    try:
        if npy.read_magic(stream) != _VERSION:
            raise NotPlain("another version of the array format")
        shape, is_fortran, dtype = npy.read_array_header_1_0(stream, max_header_size=_MAX_HEADER)
    except NotPlain:
        raise
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise NotPlain("the header can't be read") from error
    rest = len(data) - stream.tell()
    if is_fortran or dtype.kind not in KINDS or dtype.itemsize == 0 or any(length < 0 for length in shape):
        raise NotPlain("not a plain array")
    if prod(shape) * dtype.itemsize != rest:
        raise NotPlain("the header claims another size")
    return np.frombuffer(data, dtype=dtype, offset=stream.tell()).reshape(shape).copy()
