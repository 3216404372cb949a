"""conv2d | gradient | the parameters' gradients are divided by the number of positions | Oneflow-Inc/oneflow#255"""

from oplaws import refimpl

conv2d = refimpl.conv2d


def conv2d_vjp(dy, x, weight, bias=None, **attributes):
    dx, dweight, dbias = refimpl.conv2d_vjp(dy, x, weight, bias, **attributes)
    positions = dy.shape[2] * dy.shape[3]
    return dx, dweight / positions, None if bias is None else dbias / positions
