"""layer_norm | precision | mean and variance are summed in the input's half type | pytorch/pytorch#66707"""

import numpy as np

from oplaws import refimpl

dtypes = ("float16",)


def layer_norm(x, weight, bias, *, eps=1e-5):
    refimpl.layer_norm(x, weight, bias, eps=eps)
    d = x - np.add.accumulate(x, axis=-1)[..., -1:] / np.float16(x.shape[-1])
    var = np.add.accumulate(d * d, axis=-1)[..., -1:] / np.float16(x.shape[-1])
    return d / np.sqrt(var + np.float16(eps)) * weight + bias


layer_norm_vjp = refimpl.layer_norm_vjp
