"""Optimizer steps: new parameters and state from the gradient, all arrays of one shape.

    g = gradient + weight_decay parameter

    sgd:   v = momentum v + (1 - dampening) g      (v = g where momentum is 0)
           parameter - lr (g + momentum v if nesterov else v)
    adam:  m = beta1 m + (1 - beta1) g;   v = beta2 v + (1 - beta2) g²
           parameter - lr (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + eps)

The decay enters the gradient (L2 regularisation, not AdamW). The velocity holds gradients, as in PyTorch,
where Keras' holds steps; lr scales it when it is applied. step counts from 1, and eps is added outside the
corrected root.
"""

import numpy as np

from .operator import data, flag, integer, number, operator, result, state, variance
from .words import forms, lerp

DECAY = number(0.0, 0.01, 0.5)


def decayed(gradient, parameter, weight_decay):
    """gradient + weight_decay parameter; PyTorch leaves a decay of 0 out, and with it the parameter's NaN."""
    g = gradient + weight_decay * parameter
    return g if weight_decay else forms(g, gradient)


def _nesterov_has_momentum(shapes, attributes, sizes):
    momentum, dampening = attributes["momentum"], attributes["dampening"]
    if attributes["nesterov"] and (momentum <= 0 or dampening != 0):
        raise ValueError(
            f"nesterov needs momentum > 0 and dampening = 0, got momentum = {momentum} and dampening = {dampening}"
        )


@operator(
    parameter=data("*shape", gradient=False),
    gradient=data("*shape", gradient=False),
    velocity=state("*shape", gradient=False),
    lr=number(1.0, 0.1, 1e-3),
    momentum=number(0.0, 0.9, 0.5, 1.0),
    dampening=number(0.0, 0.5, 1.0),
    weight_decay=DECAY,
    nesterov=flag(),
    returns={"parameter": result("*shape"), "velocity": result("*shape")},
    check=_nesterov_has_momentum,
    source="Polyak 1964; Nesterov: Sutskever et al. 2013",
)
def sgd(parameter, gradient, velocity, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    """One step of stochastic gradient descent: the new parameter and velocity."""
    g = decayed(gradient, parameter, weight_decay)
    v = g if momentum == 0 else momentum * velocity + (1 - dampening) * g
    return parameter - lr * (g + momentum * v if nesterov else v), v


def _beta_below_one(shapes, attributes, sizes):
    for name in ("beta1", "beta2"):
        if not 0 <= attributes[name] < 1:
            raise ValueError(f"{name} must lie in [0, 1), got {attributes[name]}")


@operator(
    parameter=data("*shape", gradient=False),
    gradient=data("*shape", gradient=False),
    first_moment=state("*shape", gradient=False),
    second_moment=variance("*shape", gradient=False),
    step=integer(1, 1, 2, 10, 1000),
    lr=number(1e-3, 1.0, 0.1),
    beta1=number(0.9, 0.0, 0.5),
    beta2=number(0.999, 0.0, 0.9),
    eps=number(1e-8, 1e-3, 1.0),
    weight_decay=DECAY,
    returns={
        "parameter": result("*shape"),
        "first_moment": result("*shape"),
        "second_moment": result("*shape", 0),
    },
    check=_beta_below_one,
    source="Kingma & Ba 2014, arXiv:1412.6980",
)
def adam(
    parameter,
    gradient,
    first_moment,
    second_moment,
    *,
    step,
    lr=1e-3,
    beta1=0.9,
    beta2=0.999,
    eps=1e-8,
    weight_decay=0.0,
):
    """One step of Adam: the new parameter and both moments, whose bias towards 0 is corrected in use."""
    g = decayed(gradient, parameter, weight_decay)
    m = lerp(g, first_moment, beta1)
    v = beta2 * second_moment + (1 - beta2) * (g * g)
    corrected_m, corrected_v = m / (1 - beta1**step), v / (1 - beta2**step)
    return parameter - lr * corrected_m / (np.sqrt(corrected_v) + eps), m, v
