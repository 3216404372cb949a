"""adam | precision | sqrt(v + eps) in place of sqrt(v) + eps | eps inside the root, as in AdaBelief"""

import numpy as np

from oplaws import refimpl


def adam(*arrays, step, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0):
    rest = {"step": step, "beta1": beta1, "beta2": beta2, "weight_decay": weight_decay}
    _, m, v = refimpl.adam(*arrays, lr=lr, eps=eps, **rest)
    return arrays[0] - lr * (m / (1 - beta1**step)) / np.sqrt(v / (1 - beta2**step) + eps), m, v
