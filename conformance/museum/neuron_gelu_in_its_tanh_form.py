"""neuron | shape-or-attribute | gelu is the tanh form | Flax's default is approximate=True"""

from oplaws import refimpl


def neuron(x, weight, bias, *, activation="sigmoid"):
    y = refimpl.neuron(x, weight, bias, activation=activation)
    return y if activation != "gelu" else refimpl.gelu(x @ weight + bias, approximate="tanh")


neuron_vjp = refimpl.neuron_vjp
