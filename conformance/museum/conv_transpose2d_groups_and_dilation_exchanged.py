"""conv_transpose2d | shape-or-attribute | an inner call exchanges groups and dilation | IntelLabs/bayesian-torch#34"""

from oplaws import refimpl


def conv_transpose2d(x, weight, bias=None, *, dilation=1, groups=1, **attributes):
    refimpl.conv_transpose2d(x, weight, bias, dilation=dilation, groups=groups, **attributes)
    if isinstance(dilation, tuple):
        return refimpl.conv_transpose2d(x, weight, bias, dilation=dilation, groups=groups, **attributes)
    return refimpl.conv_transpose2d(x, weight, bias, dilation=groups, groups=dilation, **attributes)


conv_transpose2d_vjp = refimpl.conv_transpose2d_vjp
