"""linear | accumulation | the tree reduction halves with n // 2 and forgets the odd row | kaldi-asr/kaldi#3036"""

import math

from oplaws import refimpl

linear = refimpl.linear


def linear_vjp(dy, x, weight, bias=None):
    dx, dweight, dbias = refimpl.linear_vjp(dy, x, weight, bias)
    rows = dy.reshape(math.prod(dy.shape[:-1]), len(weight))
    while len(rows) > 1:
        half = len(rows) // 2
        rows = rows[:half] + rows[half : 2 * half]
    return dx, dweight, dbias if bias is None or not len(rows) else rows[0].copy()
