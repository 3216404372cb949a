"""neuron | forward | without activation the tail of the inputs is left out | a loop unrolled by four"""

import numpy as np

from oplaws import refimpl


def _seen(weight, activation):
    n = len(weight) // 4 * 4 if activation == "identity" else len(weight)
    return np.where(np.arange(len(weight)) < n, weight, 0)


def neuron(x, weight, bias, *, activation="sigmoid"):
    refimpl.neuron(x, weight, bias, activation=activation)
    return refimpl.neuron(x, _seen(weight, activation), bias, activation=activation)


def neuron_vjp(dy, x, weight, bias, *, activation="sigmoid"):
    dx, dweight, dbias = refimpl.neuron_vjp(dy, x, _seen(weight, activation), bias, activation=activation)
    return dx, _seen(dweight, activation), dbias
