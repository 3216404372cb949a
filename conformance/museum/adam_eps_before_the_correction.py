"""adam | forward | eps is added before the second moment is corrected | karpathy/nanochat#304"""

import math

import numpy as np

from oplaws import refimpl


def adam(*arrays, step, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0):
    rest = {"step": step, "beta1": beta1, "beta2": beta2, "weight_decay": weight_decay}
    _, m, v = refimpl.adam(*arrays, lr=lr, eps=eps, **rest)
    scale = lr * math.sqrt(1 - beta2**step) / (1 - beta1**step)
    return arrays[0] - scale * m / (np.sqrt(v) + eps), m, v
