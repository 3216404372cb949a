"""conv1d | shape-or-attribute | as a conv2d of height 1 it gets the stride for the height | pytorch/pytorch#82921"""

from oplaws import refimpl


def conv1d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    y = refimpl.conv1d(x, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return refimpl.conv1d(x, weight, bias, padding=padding, dilation=dilation, groups=groups)[..., : y.shape[2]].copy()


conv1d_vjp = refimpl.conv1d_vjp
