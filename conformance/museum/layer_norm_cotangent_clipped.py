"""layer_norm | gradient | the incoming gradient is clipped to [-1, 1] | clipping in a layer"""

import numpy as np

from oplaws import refimpl

layer_norm = refimpl.layer_norm


def layer_norm_vjp(dy, x, weight, bias, *, eps=1e-5):
    return refimpl.layer_norm_vjp(np.clip(dy, -1, 1), x, weight, bias, eps=eps)
