"""conv2d | shape-or-attribute | different strides for each axis change places | pytorch/pytorch#83180"""

from oplaws import refimpl


def conv2d(x, weight, bias=None, *, stride=1, **attributes):
    refimpl.conv2d(x, weight, bias, stride=stride, **attributes)
    stride = stride[::-1] if isinstance(stride, tuple) else stride
    return refimpl.conv2d(x, weight, bias, stride=stride, **attributes)


conv2d_vjp = refimpl.conv2d_vjp
