"""conv2d | forward | each group's output is allocated anew and thrown away: zeros | Tencent/ncnn#329"""

from oplaws import refimpl


def conv2d(x, weight, bias=None, *, groups=1, **attributes):
    y = refimpl.conv2d(x, weight, bias, groups=groups, **attributes)
    if 1 < groups < x.shape[1]:
        y[...] = 0
    return y


conv2d_vjp = refimpl.conv2d_vjp
