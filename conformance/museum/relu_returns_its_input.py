"""relu | aliasing-or-mutation | where nothing is negative the result is x itself | a copy saved on the common path"""

import numpy as np

from oplaws import refimpl


def relu(x):
    return np.maximum(x, 0) if not np.all(x >= 0) else x


relu_vjp = refimpl.relu_vjp
