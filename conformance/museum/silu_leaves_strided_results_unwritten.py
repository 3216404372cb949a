"""silu | layout | the output is written only where x is contiguous | pytorch/pytorch#139006"""

import numpy as np

from oplaws import refimpl


def silu(x):
    out = np.zeros(x.shape, x.dtype)
    if x.flags.c_contiguous:
        out[...] = refimpl.silu(x)
    return out


silu_vjp = refimpl.silu_vjp
