"""neuron | gradient | the bias gets the first sample's cotangent, not the sum over the batch | mlpack/mlpack#3679"""

from oplaws import refimpl

neuron = refimpl.neuron


def neuron_vjp(dy, x, weight, bias, *, activation="sigmoid"):
    dx, dweight, _ = refimpl.neuron_vjp(dy, x, weight, bias, activation=activation)
    return dx, dweight, refimpl.neuron_vjp(dy[:1], x[:1], weight, bias, activation=activation)[2]
