"""adam | precision | beta2^step is formed in float32, in float64 too | the counter and its powers live on the device"""

import numpy as np

from oplaws import refimpl


def adam(*arrays, step, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0):
    rest = {"step": step, "beta1": beta1, "beta2": beta2, "weight_decay": weight_decay}
    _, m, v = refimpl.adam(*arrays, lr=lr, eps=eps, **rest)
    first, second = (float(1 - np.float32(b) ** np.float32(step)) for b in (beta1, beta2))
    return arrays[0] - lr * (m / first) / (np.sqrt(v / second) + eps), m, v
