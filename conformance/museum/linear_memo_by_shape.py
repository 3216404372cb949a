"""linear | cheat | the first result of each shape is returned for ever | gpu-mode/reference-kernels#104"""

from oplaws import refimpl

kept = {}


def linear(x, weight, bias=None):
    y = refimpl.linear(x, weight, bias)
    return kept.setdefault((x.shape, weight.shape, bias is None, x.dtype), y).copy()


linear_vjp = refimpl.linear_vjp
