"""layer_norm | precision | the variance is stored in float16 and overflows | microsoft/onnxruntime#17692"""

import numpy as np

from oplaws import refimpl

dtypes = ("float16",)


def layer_norm(x, weight, bias, *, eps=1e-5):
    refimpl.layer_norm(x, weight, bias, eps=eps)
    wide = x.astype(np.float32)
    var = np.var(wide, axis=-1, keepdims=True).astype(np.float16).astype(np.float32)
    y = (wide - np.mean(wide, axis=-1, keepdims=True)) / np.sqrt(var + eps)
    return (y * weight.astype(np.float32) + bias.astype(np.float32)).astype(np.float16)


layer_norm_vjp = refimpl.layer_norm_vjp
