"""gelu | layout | a strided input is read as if its elements lay side by side | pytorch/pytorch#98212"""

import numpy as np

from oplaws import refimpl


def gelu(x, *, approximate="none"):
    if x.size and all(s > 0 for s in x.strides):
        dense = np.cumprod((x.itemsize, *x.shape[:0:-1]))[::-1] if x.ndim else ()
        x = np.lib.stride_tricks.as_strided(x, strides=dense)
    return refimpl.gelu(x, approximate=approximate)


gelu_vjp = refimpl.gelu_vjp
