"""sgd | shape-or-attribute | dampening is applied where momentum is 0 too | the formula without its second line"""

from oplaws import refimpl


def sgd(parameter, gradient, velocity, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    attributes = {"momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov}
    p, v = refimpl.sgd(parameter, gradient, velocity, lr=lr, **attributes)
    if momentum or not dampening:
        return p, v
    v = (1 - dampening) * (gradient + weight_decay * parameter)
    return parameter - lr * v, v
