"""linear | forward | the product adds the bias, then it is added again | addmm, then the layer's own bias"""

from oplaws import refimpl


def linear(x, weight, bias=None):
    y = refimpl.linear(x, weight, bias)
    return y if bias is None else y + bias


def linear_vjp(dy, x, weight, bias=None):
    dx, dweight, dbias = refimpl.linear_vjp(dy, x, weight, bias)
    return dx, dweight, None if bias is None else 2 * dbias
