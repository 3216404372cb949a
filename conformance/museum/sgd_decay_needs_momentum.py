"""sgd | state | without momentum the step is taken before the decay is added | ml-explore/mlx#473"""

from oplaws import refimpl


def sgd(parameter, gradient, velocity, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    attributes = {"lr": lr, "momentum": momentum, "dampening": dampening, "nesterov": nesterov}
    return refimpl.sgd(parameter, gradient, velocity, weight_decay=weight_decay if momentum else 0.0, **attributes)
