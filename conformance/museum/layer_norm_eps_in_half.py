"""layer_norm | precision | eps passes through float16: 1.0014e-5 for 1e-5 | constants of a half-precision kernel"""

import numpy as np

from oplaws import refimpl


def layer_norm(x, weight, bias, *, eps=1e-5):
    return refimpl.layer_norm(x, weight, bias, eps=float(np.float16(eps)))


layer_norm_vjp = refimpl.layer_norm_vjp
