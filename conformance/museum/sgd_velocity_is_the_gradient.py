"""sgd | aliasing-or-mutation | the new velocity is the gradient's own memory | pytorch/pytorch#196083"""

from oplaws import refimpl


def sgd(parameter, gradient, velocity, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    attributes = {"momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov}
    p, v = refimpl.sgd(parameter, gradient, velocity, lr=lr, **attributes)
    return p, gradient if momentum == 0 and weight_decay == 0 else v
