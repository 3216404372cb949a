"""neuron | forward | without an activation it returns the product, before the bias is added | an early return"""

import numpy as np

from oplaws import refimpl


def neuron(x, weight, bias, *, activation="sigmoid"):
    refimpl.neuron(x, weight, bias, activation=activation)
    seen = np.zeros_like(bias) if activation == "identity" else bias
    return refimpl.neuron(x, weight, seen, activation=activation)


def neuron_vjp(dy, x, weight, bias, *, activation="sigmoid"):
    seen = np.zeros_like(bias) if activation == "identity" else bias
    dx, dweight, dbias = refimpl.neuron_vjp(dy, x, weight, seen, activation=activation)
    return dx, dweight, np.zeros_like(dbias) if activation == "identity" else dbias
