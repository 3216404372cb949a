"""layer_norm | gradient | the output has no parents: no gradient arrives at x | paiml/aprender#2196"""

import numpy as np

from oplaws import refimpl

layer_norm = refimpl.layer_norm


def layer_norm_vjp(dy, x, weight, bias, *, eps=1e-5):
    dx, dweight, dbias = refimpl.layer_norm_vjp(dy, x, weight, bias, eps=eps)
    return np.zeros_like(dx), dweight, dbias
