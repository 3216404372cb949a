"""batch_norm | statistics | the running variance is collected with the 1/n estimator | keras-team/keras#8982"""

import numpy as np

from oplaws import refimpl


def batch_norm(x, weight, bias, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    arrays = x, weight, bias, running_mean, running_var
    y, mean, var = refimpl.batch_norm(*arrays, training=training, momentum=momentum, eps=eps)
    if training and x.size:
        var = (1 - momentum) * running_var + momentum * np.var(x, axis=(0, *range(2, x.ndim)))
    return y, mean, var


batch_norm_vjp = refimpl.batch_norm_vjp
