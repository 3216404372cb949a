"""elu | precision | e^x - 1: small negative inputs give 0 | jax-ml/jax#1207"""

import numpy as np

from oplaws import refimpl


def elu(x, *, alpha=1.0):
    refimpl.elu(x, alpha=alpha)
    return np.where(x > 0, x, alpha * (np.exp(np.minimum(x, 0)) - 1))


elu_vjp = refimpl.elu_vjp
