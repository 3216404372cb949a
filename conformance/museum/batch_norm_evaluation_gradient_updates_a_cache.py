"""batch_norm | state | backward in evaluation stores the deviation that the next one reads | pytorch/pytorch#586"""

import numpy as np

from oplaws import refimpl

batch_norm = refimpl.batch_norm
cache = {}


def batch_norm_vjp(cotangents, x, weight, bias, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    var = running_var if training else cache.get((x.shape, x.dtype), running_var)
    if not training and x.size:
        cache[x.shape, x.dtype] = np.var(x, axis=(0, *range(2, x.ndim)))
    attributes = {"training": training, "momentum": momentum, "eps": eps}
    return refimpl.batch_norm_vjp(cotangents, x, weight, bias, running_mean, var, **attributes)
