"""silu | gradient | (1 + e + x e) / (1 + e)^2 with e = e^-x: inf / inf where silu is finite | trymirai/lalamo#328"""

import numpy as np

from oplaws import refimpl

silu = refimpl.silu


def silu_vjp(dy, x):
    e = np.exp(-x)
    return (dy * ((1 + e + x * e) / (1 + e) ** 2),)
