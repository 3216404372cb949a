"""batch_norm | forward | (x - mean) / (sqrt(var) + eps) | Tencent/ncnn#311"""

import numpy as np

from oplaws import refimpl


def batch_norm(x, weight, bias, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    arrays = x, weight, bias, running_mean, running_var
    _, mean, var = refimpl.batch_norm(*arrays, training=training, momentum=momentum, eps=eps)
    axes, shape = (0, *range(2, x.ndim)), (-1, *(1,) * (x.ndim - 2))
    m, v = (np.mean(x, axis=axes), np.var(x, axis=axes)) if training and x.size else (running_mean, running_var)
    m, v, w, b = (a.reshape(shape) for a in (m, v, weight, bias))
    return (x - m) / (np.sqrt(v) + eps) * w + b, mean, var


batch_norm_vjp = refimpl.batch_norm_vjp
