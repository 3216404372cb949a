"""Weight sharing: one array used in two places gets the sum of both gradients.

    y = activation(x weightᵀ + bias_hidden) weight + bias_output

The tied autoencoder encodes by a matrix and decodes by its transpose. The gradient is backpropagation through
the text.
"""

from .linear import linear
from .neuron import ACTIVATION, activate
from .operator import data, operator, result, weight


@operator(
    x=data("N D"),
    weight=weight("H D", fan_in="D"),
    bias_hidden=weight("H", fan_in="D"),
    bias_output=weight("D", fan_in="H", affine=True),
    activation=ACTIVATION,
    returns={"y": result("N D")},
    source="Bourlard & Kamp 1988; Vincent et al. 2010",
)
def tied_autoencoder(x, weight, bias_hidden, bias_output, *, activation="tanh"):
    """activation(x weightᵀ + bias_hidden) weight + bias_output."""
    hidden = activate(activation, linear(x, weight, bias_hidden))
    return linear(hidden, weight.T, bias_output)
