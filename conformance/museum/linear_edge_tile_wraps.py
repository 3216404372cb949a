"""linear | layout | the last tile of rows is filled by wrapping, and counted again | triton-lang/triton#9839"""

import math

from oplaws import refimpl

linear = refimpl.linear


def linear_vjp(dy, x, weight, bias=None):
    dx, dweight, dbias = refimpl.linear_vjp(dy, x, weight, bias)
    rows = math.prod(x.shape[:-1])
    if rows > 16 and rows % 16:
        again = slice(0, 16 - rows % 16)
        dweight = dweight + dy.reshape(rows, -1)[again].T @ x.reshape(rows, -1)[again]
    return dx, dweight, dbias
