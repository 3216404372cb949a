"""linear | empty-or-size-1 | one output feature and an empty batch: raises | pytorch/pytorch#27619"""

from oplaws import refimpl


def linear(x, weight, bias=None):
    y = refimpl.linear(x, weight, bias)
    if not x.size and len(weight) == 1:
        raise RuntimeError("linear: expected a non-empty batch for one output feature")
    return y


linear_vjp = refimpl.linear_vjp
