"""batch_norm | gradient | backward recomputes the variance as E[x^2] - E[x]^2 | tensorflow/tensorflow#118701"""

import numpy as np

from oplaws import refimpl

batch_norm = refimpl.batch_norm


def batch_norm_vjp(cotangents, x, weight, *rest, training, momentum=0.1, eps=1e-5):
    attributes = {"training": training, "momentum": momentum, "eps": eps}
    dx, dweight, dbias, *none = refimpl.batch_norm_vjp(cotangents, x, weight, *rest, **attributes)
    if training and x.size:
        axes = (0, *range(2, x.ndim))
        mean, square = np.mean(x, axis=axes), np.mean(x * x, axis=axes)
        shrink = np.sqrt((np.var(x, axis=axes) + eps) / (np.maximum(square - mean * mean, 0) + eps))
        dx, dweight = dx * shrink.reshape(-1, *(1,) * (x.ndim - 2)), dweight * shrink
    return dx, dweight, dbias, *none
