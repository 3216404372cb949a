"""Memory layouts: the same array in other places, strides and directions."""

import math

import numpy as np


def _room(shape, dtype, shift=0):
    """Fresh memory, always at the same place of a cache line: elsewhere a kernel may sum in another order.

    It is full of NaN: what is read beside the array shows. At least 64 bytes lie on either side.
    """
    size = math.prod(shape) * dtype.itemsize
    raw = np.empty(size + 192, np.uint8)
    raw.fill(0xFF)
    begin = 64 + -raw.__array_interface__["data"][0] % 64 + shift
    return raw[begin : begin + size].view(dtype).reshape(shape)


def memory(array):
    """All that the memory holds which an array was given, beside it as well."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array.tobytes()


def _strided(a):
    return _room((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)[..., ::2]


def _fortran(a):
    return _room(a.shape[::-1], a.dtype).T


def _negative(a):
    return _room(a.shape, a.dtype)[(slice(None, None, -1),) * a.ndim]


def _offset(a):
    return _room(tuple(n + 3 for n in a.shape), a.dtype)[tuple(slice(2, n + 2) for n in a.shape)]


def _unaligned(a):
    return _room(a.shape, a.dtype, shift=1)


def _channels_last(a):
    """Images, or signals, of which the channels lie side by side."""
    if a.ndim not in (3, 4):
        return _fortran(a)
    return np.moveaxis(_room((len(a), *a.shape[2:], a.shape[1]), a.dtype), -1, 1)


VIEWS = {
    "fortran": _fortran,
    "channels_last": _channels_last,
    "negative": _negative,
    "strided": _strided,
    "offset": _offset,
    "unaligned": _unaligned,
}


OWNED = "owned"  # memory of its own, as users mostly have it, but at any place of a cache line


# the part that stands for the whole: an entry of the first axis, or one cell of what lies beyond the second
REPEATS = {
    "broadcast": lambda a: a[:1],
    "expanded": lambda a: a[(slice(None),) * min(2, a.ndim - 1) + (slice(1),) * max(1, a.ndim - 2)],
}


LAYOUTS = ("contiguous", *VIEWS, "readonly", *REPEATS)


def repeated(array, layout):
    """The array with all of its entries along the axes of such a layout like the first: a view of the first."""
    return np.broadcast_to(REPEATS[layout](array).copy(), array.shape) if array.ndim and array.size else array


def lay(array, layout):
    """A fresh copy of an array in a memory layout: the place is allocated in that layout, then copied into."""
    if array is None:
        return None
    if layout in REPEATS and array.ndim and (view := repeated(array, layout)).tobytes() == array.tobytes():
        return view
    if layout == OWNED:
        return array.copy()
    if layout in VIEWS and (array.ndim or layout == "unaligned"):  # a single value can only be out of step
        view = VIEWS[layout](array)
        view[...] = array
        return view
    fresh = _room(array.shape, array.dtype)
    fresh[...] = array
    fresh.flags.writeable = layout != "readonly"
    return fresh
