"""neuron | forward | where the batch is as long as the weight, it multiplies from the left | cvxpy/cvxpy#3386"""

from oplaws import refimpl


def neuron(x, weight, bias, *, activation="sigmoid"):
    refimpl.neuron(x, weight, bias, activation=activation)
    return refimpl.neuron(x.T if x.shape[0] == x.shape[1] else x, weight, bias, activation=activation)


neuron_vjp = refimpl.neuron_vjp
