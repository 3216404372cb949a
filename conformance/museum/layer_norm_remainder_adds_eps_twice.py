"""layer_norm | statistics | rows beyond the last block of 4 get eps twice | the loop for the rest is given var + eps"""

import numpy as np

from oplaws import refimpl


def layer_norm(x, weight, bias, *, eps=1e-5):
    y = refimpl.layer_norm(x, weight, bias, eps=eps)
    if x.ndim > 1:
        y[rest(x)] = refimpl.layer_norm(x[rest(x)], weight, bias, eps=2 * eps)
    return y


def layer_norm_vjp(dy, x, weight, bias, *, eps=1e-5):
    if x.ndim < 2:
        return refimpl.layer_norm_vjp(dy, x, weight, bias, eps=eps)
    blocks, others = slice(rest(x).start), rest(x)
    dx, dweight, dbias = refimpl.layer_norm_vjp(dy[blocks], x[blocks], weight, bias, eps=eps)
    more = refimpl.layer_norm_vjp(dy[others], x[others], weight, bias, eps=2 * eps)
    return np.concatenate([dx, more[0]]), dweight + more[1], dbias + more[2]


def rest(x):
    return slice(len(x) // 4 * 4, None)
