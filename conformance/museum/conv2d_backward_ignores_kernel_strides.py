"""conv2d | gradient | the backward pass reads the kernel in the order of its memory | huggingface/candle#3735"""

from oplaws import refimpl

conv2d = refimpl.conv2d


def conv2d_vjp(dy, x, weight, bias=None, **attributes):
    return refimpl.conv2d_vjp(dy, x, weight.ravel(order="K").reshape(weight.shape), bias, **attributes)
