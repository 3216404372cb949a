"""neuron | gradient | dx = da @ weight.T: the transpose of a vector does nothing | harvard-edge/cs249r_book#1781"""

import numpy as np

from oplaws import refimpl

neuron = refimpl.neuron


def neuron_vjp(dy, x, weight, bias, *, activation="sigmoid"):
    _, dweight, dbias = refimpl.neuron_vjp(dy, x, weight, bias, activation=activation)
    a, one = (x @ weight + bias)[:, None], np.ones(1, x.dtype)
    da = refimpl.neuron_vjp(dy, a, one, np.zeros_like(bias), activation=activation)[0][:, 0]
    return da @ weight.T, dweight, dbias
