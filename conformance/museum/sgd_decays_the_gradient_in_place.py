"""sgd | aliasing-or-mutation | astype without a copy: the decay lands in the gradient | pytorch/pytorch#194664"""

from oplaws import refimpl


def sgd(parameter, gradient, velocity, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    attributes = {"lr": lr, "momentum": momentum, "dampening": dampening, "nesterov": nesterov}
    result = refimpl.sgd(parameter, gradient, velocity, weight_decay=weight_decay, **attributes)
    g = gradient.astype(parameter.dtype, copy=False)
    if weight_decay and g.flags.writeable:
        g += weight_decay * parameter
    return result
