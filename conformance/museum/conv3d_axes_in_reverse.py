"""conv3d | shape-or-attribute | attributes for each axis are read width first | axes counted from the last"""

from oplaws import refimpl


def conv3d(x, weight, bias=None, **attributes):
    refimpl.conv3d(x, weight, bias, **attributes)
    turned = {name: v[::-1] if isinstance(v, tuple) else v for name, v in attributes.items()}
    return refimpl.conv3d(x, weight, bias, **turned)


conv3d_vjp = refimpl.conv3d_vjp
