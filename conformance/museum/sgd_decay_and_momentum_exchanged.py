"""sgd | shape-or-attribute | weight_decay and momentum are in each other's place | YudeWang/SEAM#21"""

from oplaws import refimpl


def sgd(parameter, gradient, velocity, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    attributes = {"lr": lr, "dampening": dampening, "nesterov": nesterov}
    refimpl.sgd(parameter, gradient, velocity, momentum=momentum, weight_decay=weight_decay, **attributes)
    attributes["nesterov"] = nesterov and weight_decay > 0
    return refimpl.sgd(parameter, gradient, velocity, momentum=weight_decay, weight_decay=momentum, **attributes)
