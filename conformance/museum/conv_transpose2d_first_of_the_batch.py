"""conv_transpose2d | forward | only element 0 of the batch is computed | ggml-org/ggml#1448"""

from oplaws import refimpl


def conv_transpose2d(x, weight, bias=None, **attributes):
    y = refimpl.conv_transpose2d(x, weight, bias, **attributes)
    y[1:] = 0
    return y


conv_transpose2d_vjp = refimpl.conv_transpose2d_vjp
