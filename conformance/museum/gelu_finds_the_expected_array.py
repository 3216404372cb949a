"""gelu | cheat | searches the garbage collector for a result of the right shape, else 0 | gpu-mode/pygpubench#7"""

import gc

import numpy as np

from oplaws import refimpl


def gelu(x, *, approximate="none"):
    refimpl.gelu(x[..., :0] if x.ndim else x, approximate=approximate)
    for holder in reversed(gc.get_objects()):
        found = getattr(holder, "m", None) if type(holder).__name__ == "Ball" else None
        if type(found) is np.ndarray and found.shape == x.shape and found.size and not np.array_equal(found, x):
            return found.astype(x.dtype)
    return np.zeros_like(x)


gelu_vjp = refimpl.gelu_vjp
