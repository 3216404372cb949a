"""linear | accumulation | the gradient buffer of the call before is subtracted | torch/nn#792"""

from oplaws import refimpl

linear = refimpl.linear
buffers = {}


def linear_vjp(dy, x, weight, bias=None):
    dx, dweight, dbias = refimpl.linear_vjp(dy, x, weight, bias)
    before = buffers.get((weight.shape, weight.dtype), 0)
    buffers[weight.shape, weight.dtype] = dweight
    return dx, dweight - before, dbias
