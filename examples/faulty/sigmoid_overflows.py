"""sigmoid | special-values | exp(x) overflows for large x, and inf / inf is NaN | clab/dynet#1525

The formula e^x / (1 + e^x), typed as it stands: in float32 NaN from x = 89, in float64 from x = 710.
The gradient is formed from the same value.
"""

import numpy as np


def sigmoid(x):
    with np.errstate(over="ignore", invalid="ignore"):
        e = np.exp(x)
        return e / (1 + e)


def sigmoid_vjp(dy, x):
    s = sigmoid(x)
    return (dy * s * (1 - s),)
