"""sgd | forward | the velocity takes up lr g, and is taken off as it is | Keras' form"""

from oplaws import refimpl


def sgd(parameter, gradient, velocity, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    attributes = {"momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov}
    p, v = refimpl.sgd(parameter, gradient, velocity, lr=lr, **attributes)
    if momentum == 0:
        return p, v
    g = lr * (gradient + weight_decay * parameter)
    v = momentum * velocity + (1 - dampening) * g
    return parameter - (g + momentum * v if nesterov else v), v
