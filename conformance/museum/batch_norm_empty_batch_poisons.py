"""batch_norm | empty-or-size-1 | an empty batch leaves NaN in the running statistics | pytorch/pytorch#12013"""

import numpy as np

from oplaws import refimpl


def batch_norm(x, weight, bias, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    arrays = x, weight, bias, running_mean, running_var
    y, mean, var = refimpl.batch_norm(*arrays, training=training, momentum=momentum, eps=eps)
    return (y, mean * np.nan, var * np.nan) if training and not x.size else (y, mean, var)


batch_norm_vjp = refimpl.batch_norm_vjp
