"""layer_norm | forward | the variance is divided by n - 1 | torch.var's default is unbiased"""

import numpy as np

from oplaws import refimpl


def layer_norm(x, weight, bias, *, eps=1e-5):
    y = refimpl.layer_norm(x, weight, bias, eps=eps)
    if x.shape[-1] == 1:
        return y
    mean, var = np.mean(x, axis=-1, keepdims=True), np.var(x, axis=-1, keepdims=True, ddof=1)
    return (x - mean) / np.sqrt(var + eps) * weight + bias


layer_norm_vjp = refimpl.layer_norm_vjp
