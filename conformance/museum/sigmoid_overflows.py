"""sigmoid | special-values | e^x / (1 + e^x) for every x: inf / inf where e^x overflows | clab/dynet#1525"""

import numpy as np

from oplaws import refimpl


def sigmoid(x):
    e = np.exp(x)
    return e / (1 + e)


sigmoid_vjp = refimpl.sigmoid_vjp
