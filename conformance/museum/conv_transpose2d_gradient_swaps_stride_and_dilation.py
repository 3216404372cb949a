"""conv_transpose2d | gradient | dx is conv2d(dy) with stride and dilation exchanged | huggingface/candle#2337"""

from oplaws import refimpl

conv_transpose2d = refimpl.conv_transpose2d


def conv_transpose2d_vjp(dy, x, weight, bias=None, *, stride=1, padding=0, output_padding=0, dilation=1, groups=1):
    own = {"padding": padding, "output_padding": output_padding, "groups": groups}
    dx, *rest = refimpl.conv_transpose2d_vjp(dy, x, weight, bias, stride=stride, dilation=dilation, **own)
    if stride != dilation:
        dx = refimpl.conv2d(dy, weight, stride=dilation, dilation=stride, padding=padding, groups=groups)
    return dx, *rest
