"""conv2d | forward | the depthwise kernel has no bias | a special case written apart"""

from oplaws import refimpl


def conv2d(x, weight, bias=None, *, groups=1, **attributes):
    refimpl.conv2d(x, weight, bias, groups=groups, **attributes)
    own = None if groups == x.shape[1] > 1 else bias
    return refimpl.conv2d(x, weight, own, groups=groups, **attributes)


conv2d_vjp = refimpl.conv2d_vjp
