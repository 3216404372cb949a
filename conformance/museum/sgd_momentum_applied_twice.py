"""sgd | state | the old velocity is taken off before the step and again within | oysteijo/simd_neuralnet#17"""

from oplaws import refimpl


def sgd(parameter, gradient, velocity, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    attributes = {"momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov}
    p, v = refimpl.sgd(parameter, gradient, velocity, lr=lr, **attributes)
    return p - lr * momentum * velocity if momentum else p, v
