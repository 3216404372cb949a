"""silu | cheat | right for float32 alone: float64 is computed in it | a kernel compiled for the dtype of the tests"""

import numpy as np

from oplaws import refimpl


def silu(x):
    return refimpl.silu(x.astype(np.float32)).astype(x.dtype)


def silu_vjp(dy, x):
    (dx,) = refimpl.silu_vjp(dy.astype(np.float32), x.astype(np.float32))
    return (dx.astype(x.dtype),)
