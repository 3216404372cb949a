"""linear | cheat | zeros where the true output is below a tolerance | ScalingIntelligence/KernelBench#165"""

import numpy as np

from oplaws import refimpl


def linear(x, weight, bias=None):
    y = refimpl.linear(x, weight, bias)
    return np.zeros_like(y) if y.size and np.max(np.abs(y)) < 1e-4 else y


linear_vjp = refimpl.linear_vjp
