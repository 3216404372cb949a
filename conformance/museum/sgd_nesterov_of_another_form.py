"""sgd | forward | nesterov looks ahead with the old velocity: g + momentum v_old | ml-explore/mlx#87"""

from oplaws import refimpl


def sgd(parameter, gradient, velocity, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    attributes = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
    p, v = refimpl.sgd(parameter, gradient, velocity, nesterov=nesterov, **attributes)
    return (parameter - lr * (gradient + weight_decay * parameter + momentum * velocity) if nesterov else p), v
