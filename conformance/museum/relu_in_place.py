"""relu | aliasing-or-mutation | the maximum is written into x itself | Talmaj/onnx2pytorch#38"""

import numpy as np

from oplaws import refimpl


def relu(x):
    return np.maximum(x, 0, out=x if x.flags.writeable else None).copy()


relu_vjp = refimpl.relu_vjp
