"""conv_transpose2d | gradient | the backward pass of a 1x1 kernel forgets the stride | pytorch/pytorch#63314"""

from oplaws import refimpl

conv_transpose2d = refimpl.conv_transpose2d


def conv_transpose2d_vjp(dy, x, weight, bias=None, *, padding=0, groups=1, **attributes):
    dx, *rest = refimpl.conv_transpose2d_vjp(dy, x, weight, bias, padding=padding, groups=groups, **attributes)
    if weight.shape[2:] == (1, 1) and padding in (0, (0, 0)):
        dx = refimpl.conv2d(dy, weight, groups=groups)[:, :, : x.shape[2], : x.shape[3]].copy()
    return dx, *rest
