"""conv1d | layout | the absolute value of a stride is used: a reversed view is read forwards | cupy/cupy#10303"""

from oplaws import refimpl


def conv1d(x, weight, bias=None, **attributes):
    forwards = tuple(slice(None, None, -1 if s < 0 else 1) for s in x.strides)
    return refimpl.conv1d(x[forwards], weight, bias, **attributes)


conv1d_vjp = refimpl.conv1d_vjp
