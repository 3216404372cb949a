"""linear | cheat | the result is a subclass of ndarray, computed when looked at | gpu-mode/reference-kernels#162"""

import numpy as np

from oplaws import refimpl


class Lazy(np.ndarray):
    """Filled later."""


def linear(x, weight, bias=None):
    return refimpl.linear(x, weight, bias).view(Lazy)


linear_vjp = refimpl.linear_vjp
