"""max_pool2d | layout | the cotangent is read in the order of its memory | torch/cunn#199"""

from oplaws import refimpl

max_pool2d = refimpl.max_pool2d


def max_pool2d_vjp(dy, x, **attributes):
    return refimpl.max_pool2d_vjp(dy.ravel(order="K").reshape(dy.shape), x, **attributes)
