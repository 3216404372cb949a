"""conv_transpose2d | forward | padding is taken off at the far end alone | Samsung/TICO#420"""

from oplaws import refimpl


def conv_transpose2d(x, weight, bias=None, *, padding=0, **attributes):
    y = refimpl.conv_transpose2d(x, weight, bias, padding=padding, **attributes)
    whole = refimpl.conv_transpose2d(x, weight, bias, padding=0, **attributes)
    return whole[:, :, : y.shape[2], : y.shape[3]].copy()


conv_transpose2d_vjp = refimpl.conv_transpose2d_vjp
