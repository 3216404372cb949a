"""tanh | state | one output buffer a shape: a later call overwrites a result | CUDA graphs do so"""

import numpy as np

from oplaws import refimpl

buffers = {}


def tanh(x):
    out = buffers.setdefault((x.shape, x.dtype), np.empty(x.shape, x.dtype))
    return np.tanh(x, out=out)


tanh_vjp = refimpl.tanh_vjp
