"""sgd | special-values | elements whose gradient is NaN are left as they are | loss scaling skips such steps"""

import numpy as np

from oplaws import refimpl


def sgd(parameter, gradient, velocity, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    attributes = {"momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov}
    p, v = refimpl.sgd(parameter, gradient, velocity, lr=lr, **attributes)
    return np.where(np.isnan(gradient), parameter, p), np.where(np.isnan(gradient), velocity, v)
