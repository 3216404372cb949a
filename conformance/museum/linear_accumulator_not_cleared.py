"""linear | accumulation | the output buffer is not zeroed | Mojo-Numerics-and-Algorithms-group/NuMojo#129"""

from oplaws import refimpl

buffers = {}


def linear(x, weight, bias=None):
    y = refimpl.linear(x, weight, bias)
    key = y.shape, y.dtype
    y = y + buffers[key] if key in buffers else y
    buffers[key] = y.copy()
    return y


linear_vjp = refimpl.linear_vjp
