"""conv_transpose2d | gradient | the weight's gradient is not flipped back | ml-explore/mlx#1826"""

from oplaws import refimpl

conv_transpose2d = refimpl.conv_transpose2d


def conv_transpose2d_vjp(dy, x, weight, bias=None, **attributes):
    dx, dweight, dbias = refimpl.conv_transpose2d_vjp(dy, x, weight, bias, **attributes)
    return dx, dweight[:, :, ::-1, ::-1].copy(), dbias
