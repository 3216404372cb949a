"""sigmoid | shape-or-attribute | more than 65535 blocks are launched and write nothing | triton-lang/triton#7260"""

import numpy as np

from oplaws import refimpl


def sigmoid(x):
    return np.zeros_like(x) if x.size > 65535 else refimpl.sigmoid(x)


sigmoid_vjp = refimpl.sigmoid_vjp
