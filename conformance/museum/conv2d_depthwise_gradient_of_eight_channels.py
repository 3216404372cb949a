"""conv2d | gradient | depthwise, 8 n channels, stride 2: dweight lacks the last row | pytorch/pytorch#50042"""

from oplaws import refimpl

conv2d = refimpl.conv2d


def conv2d_vjp(dy, x, weight, bias=None, *, stride=1, groups=1, **attributes):
    dx, dweight, dbias = refimpl.conv2d_vjp(dy, x, weight, bias, stride=stride, groups=groups, **attributes)
    if groups == x.shape[1] and groups % 8 == 0 and stride in (2, (2, 2)):
        short = dy.copy()
        short[:, :, -1] = 0
        dweight = refimpl.conv2d_vjp(short, x, weight, bias, stride=stride, groups=groups, **attributes)[1]
    return dx, dweight, dbias
