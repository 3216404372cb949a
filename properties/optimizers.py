"""Optimizer steps: how the state moves, and how the parameter follows from its own new state."""

from dataclasses import replace

import numpy as np

from ..refimpl import adam, sgd
from ..refimpl.words import lerp
from .ball import Ball, around
from .law import agree, law, meet, worst


def _without_decay(asked, arrays=None):
    """The same step without weight decay, on these arrays or its own."""
    case = asked.case
    inputs = case.inputs if arrays is None else arrays
    return asked.on(replace(case, inputs=inputs, attributes={**case.attributes, "weight_decay": 0.0}))


def _exact(asked):
    return [Ball.exact(a, asked.arithmetic) for a in asked.case.inputs]


def _own(asked, ball):
    """A result of the candidate, reckoned on in its own arithmetic."""
    return Ball(ball.m, ball.r, asked.arithmetic, ball.any)


def _meet(name, seen, formula):
    return meet(name, seen, around(formula.m, formula))


@law(sgd, adam)
def weight_decay_enters_the_gradient(asked):
    """A step with weight_decay is the step without it along gradient + weight_decay parameter."""
    case, decay = asked.case, asked.case.attributes["weight_decay"]
    parameter, gradient, *state = case.inputs
    if not case.finite or not decay:
        return None
    with np.errstate(all="ignore"):
        decayed = gradient + parameter.dtype.type(decay) * parameter
    other = _without_decay(asked, (parameter, np.asarray(decayed, gradient.dtype), *state))
    named = zip(asked.operator.results, asked.seen, asked.expected, other.forward, strict=True)
    return worst([meet(f"{name} - {name} along the decayed gradient", y, around(z, e)) for name, y, e, z in named])


@law(sgd, adam, every=2)
def nothing_moves_without_a_gradient(asked):
    """With gradient, state and weight_decay 0 the parameter stays bit for bit, and the state 0."""
    parameter, *rest = asked.case.inputs
    if not asked.case.finite:
        return None
    zeros = [np.zeros_like(a) for a in rest]
    other = _without_decay(asked, (parameter, *zeros))
    named = zip(asked.operator.results, (parameter, *zeros[1:]), other.forward, strict=True)
    return worst([agree(Ball.exact(before, asked.arithmetic), after, name) for name, before, after in named])


@law(sgd)
def velocity_is_a_damped_sum_of_gradients(asked):
    """Without decay v' = momentum v + (1 - dampening) g, and v' = g where momentum is 0."""
    if not asked.case.finite:
        return None
    (_, g, v), attributes = _exact(asked), asked.case.attributes
    momentum = attributes["momentum"]
    with np.errstate(all="ignore"):
        formula = g if momentum == 0 else momentum * v + (1 - attributes["dampening"]) * g
        return _meet("velocity - formula", _without_decay(asked).seen[1], formula)


@law(sgd)
def sgd_follows_its_velocity(asked):
    """Without decay p' = p - lr v', with its own new velocity; with nesterov p' = p - lr (g + momentum v')."""
    if not asked.case.finite:
        return None
    (p, g, _), attributes = _exact(asked), asked.case.attributes
    seen = _without_decay(asked).seen
    with np.errstate(all="ignore"):
        v = _own(asked, seen[1])
        step = g + attributes["momentum"] * v if attributes["nesterov"] else v
        return _meet("parameter - (p - lr step)", seen[0], p - attributes["lr"] * step)


@law(adam)
def moments_are_running_means(asked):
    """Without decay m' = beta1 m + (1 - beta1) g and v' = beta2 v + (1 - beta2) g^2, element by element."""
    if not asked.case.finite:
        return None
    (_, g, m, v), attributes = _exact(asked), asked.case.attributes
    beta1, beta2 = attributes["beta1"], attributes["beta2"]
    _, first, second = _without_decay(asked).seen
    with np.errstate(all="ignore"):
        formulas = lerp(g, m, beta1), beta2 * v + (1 - beta2) * (g * g)
        return worst(
            [
                _meet("first_moment - formula", first, formulas[0]),
                _meet("second_moment - formula", second, formulas[1]),
            ]
        )


@law(adam)
def adam_steps_by_its_corrected_moments(asked):
    """Without decay p' = p - lr (m' / (1 - beta1^step)) / (sqrt(v' / (1 - beta2^step)) + eps), with its own moments."""
    if not asked.case.finite:
        return None
    (p, *_), a = _exact(asked), asked.case.attributes
    seen = _without_decay(asked).seen
    with np.errstate(all="ignore"):
        m, v = (_own(asked, ball) for ball in seen[1:])
        m, v = m / (1 - a["beta1"] ** a["step"]), v / (1 - a["beta2"] ** a["step"])
        return _meet("parameter - (p - lr step)", seen[0], p - a["lr"] * m / (np.sqrt(v) + a["eps"]))
