"""sgd | illegal-accepted | nesterov is refused only without momentum and with dampening | pytorch/pytorch#887"""

from oplaws import refimpl


def sgd(parameter, gradient, velocity, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    attributes = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
    if nesterov is True and (momentum > 0 or dampening == 0):
        _, v = refimpl.sgd(parameter, gradient, velocity, **attributes)
        return parameter - lr * (gradient + weight_decay * parameter + momentum * v), v
    return refimpl.sgd(parameter, gradient, velocity, nesterov=nesterov, **attributes)
