"""gelu | precision | erf is computed in float32, in float64 too | a device's special functions"""

import math

import numpy as np
from scipy.special import erf

from oplaws import refimpl


def gelu(x, *, approximate="none"):
    if approximate != "none":
        return refimpl.gelu(x, approximate=approximate)
    return 0.5 * x * (1 + erf((x / math.sqrt(2)).astype(np.float32)).astype(x.dtype))


gelu_vjp = refimpl.gelu_vjp
