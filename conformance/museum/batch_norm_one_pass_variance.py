"""batch_norm | precision | the variance is E[x^2] - E[x]^2 | tenstorrent/tt-metal#45968"""

import numpy as np

from oplaws import refimpl


def batch_norm(x, weight, bias, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    arrays = x, weight, bias, running_mean, running_var
    y, mean, var = refimpl.batch_norm(*arrays, training=training, momentum=momentum, eps=eps)
    if training and x.size:
        axes, shape = (0, *range(2, x.ndim)), (-1, *(1,) * (x.ndim - 2))
        m, square = np.mean(x, axis=axes), np.mean(x * x, axis=axes)
        v = np.maximum(square - m * m, 0)
        m, v, w, b = (a.reshape(shape) for a in (m, v, weight, bias))
        y = (x - m) / np.sqrt(v + eps) * w + b
    return y, mean, var


batch_norm_vjp = refimpl.batch_norm_vjp
