"""conv_transpose2d | empty-or-size-1 | an empty batch returns what the call before returned | pytorch/pytorch#24341"""

from oplaws import refimpl

last = []


def conv_transpose2d(x, weight, bias=None, **attributes):
    y = refimpl.conv_transpose2d(x, weight, bias, **attributes)
    if not x.size and last:
        return last[-1].astype(x.dtype)
    last[:] = [y.copy()] if x.size else []
    return y


conv_transpose2d_vjp = refimpl.conv_transpose2d_vjp
