"""batch_norm | statistics | numel / (numel - 1) over all channels in place of n / (n - 1) | tinygrad/tinygrad#807"""

import numpy as np

from oplaws import refimpl


def batch_norm(x, weight, bias, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    arrays = x, weight, bias, running_mean, running_var
    y, mean, var = refimpl.batch_norm(*arrays, training=training, momentum=momentum, eps=eps)
    if training and x.size:
        batch = np.var(x, axis=(0, *range(2, x.ndim))) * (x.size / (x.size - 1))
        var = (1 - momentum) * running_var + momentum * batch
    return y, mean, var


batch_norm_vjp = refimpl.batch_norm_vjp
