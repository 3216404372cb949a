"""neuron | empty-or-size-1 | axes of size 1 are squeezed away, the batch among them | gorgonia/gorgonia#552"""

import numpy as np

from oplaws import refimpl


def neuron(x, weight, bias, *, activation="sigmoid"):
    return np.squeeze(refimpl.neuron(x, weight, bias, activation=activation))


neuron_vjp = refimpl.neuron_vjp
