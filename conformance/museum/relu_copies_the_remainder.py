"""relu | layout | whole vectors of four are processed, the rest is copied | ARM-software/ComputeLibrary#473"""

import numpy as np

from oplaws import refimpl


def relu(x):
    y = np.ravel(x).copy()
    whole = y.size // 4 * 4
    y[:whole] = np.maximum(y[:whole], 0)
    return y.reshape(x.shape)


relu_vjp = refimpl.relu_vjp
