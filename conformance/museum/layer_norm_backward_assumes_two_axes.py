"""layer_norm | gradient | rows are x.shape[0], columns all the rest: other ranks are wrong | flagos-ai/FlagGems#5392"""

import numpy as np

from oplaws import refimpl

layer_norm = refimpl.layer_norm


def layer_norm_vjp(dy, x, weight, bias, *, eps=1e-5):
    dx, dweight, dbias = refimpl.layer_norm_vjp(dy, x, weight, bias, eps=eps)
    if x.ndim > 2 and x.size:
        columns = x.size // len(x)
        wide = np.broadcast_to(weight, x.shape).reshape(len(x), columns)[0]
        flat = dy.reshape(len(x), columns), x.reshape(len(x), columns)
        dx = refimpl.layer_norm_vjp(*flat, wide, np.zeros_like(wide), eps=eps)[0].reshape(x.shape)
    return dx, dweight, dbias
