"""conv_transpose2d | shape-or-attribute | the stride of the rows is used for the columns | PaddlePaddle/Paddle#20997"""

from oplaws import refimpl


def conv_transpose2d(x, weight, bias=None, *, stride=1, **attributes):
    refimpl.conv_transpose2d(x, weight, bias, stride=stride, **attributes)
    stride = stride[0] if isinstance(stride, tuple) else stride
    return refimpl.conv_transpose2d(x, weight, bias, stride=stride, **attributes)


conv_transpose2d_vjp = refimpl.conv_transpose2d_vjp
