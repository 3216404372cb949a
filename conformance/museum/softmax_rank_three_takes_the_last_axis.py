"""softmax | layout | an array of three axes is always normalised over the last one | apple/coremltools#2856"""

from oplaws import refimpl


def softmax(x, *, axis=-1):
    refimpl.softmax(x, axis=axis)
    return refimpl.softmax(x, axis=-1 if x.ndim == 3 else axis)


def softmax_vjp(dy, x, *, axis=-1):
    return refimpl.softmax_vjp(dy, x, axis=-1 if x.ndim == 3 else axis)
