"""The artificial neuron: a weighted sum of its inputs, a bias, an activation.

    y = activation(x . weight + bias)

The activation is "identity" or the name of an elementwise operator, which then has its default attributes.
The gradient is backpropagation through the text.
"""

from . import activations
from .operator import Operator, choice, data, operator, result, weight

ELEMENTWISE = {o.name: o for o in vars(activations).values() if isinstance(o, Operator) and o.elementwise}
ACTIVATION = choice("identity", *ELEMENTWISE)


def activate(activation, x):
    return x if activation == "identity" else ELEMENTWISE[activation](x)


@operator(
    x=data("N D"),
    weight=weight("D", fan_in="D"),
    bias=weight("", fan_in="D"),
    activation=ACTIVATION,
    returns={"y": result("N")},
    source="McCulloch & Pitts 1943; Rosenblatt 1958",
)
def neuron(x, weight, bias, *, activation="sigmoid"):
    """activation(x . weight + bias), a number for each row of x."""
    return activate(activation, x @ weight + bias)
