"""max_pool2d | shape-or-attribute | argmax in the elements' type: float16 ends at 2048 | dotnet/runtime#124274"""

import numpy as np

from oplaws import refimpl

dtypes = ("float16",)
max_pool2d = refimpl.max_pool2d


def max_pool2d_vjp(dy, x, *, kernel_size, **attributes):
    (dx,) = refimpl.max_pool2d_vjp(dy, x, kernel_size=kernel_size, **attributes)
    flat = dx.reshape(*x.shape[:2], x.shape[2] * x.shape[3])
    place = np.minimum(np.arange(flat.shape[2]).astype(np.float16).astype(int), flat.shape[2] - 1)
    moved = np.zeros_like(flat)
    np.add.at(moved, (slice(None), slice(None), place), flat)
    return (moved.reshape(x.shape),)
