"""conv2d | gradient | the bias has no gradient: zeros | a layer whose bias was added later"""

from oplaws import refimpl

conv2d = refimpl.conv2d


def conv2d_vjp(dy, x, weight, bias=None, **attributes):
    dx, dweight, dbias = refimpl.conv2d_vjp(dy, x, weight, bias, **attributes)
    return dx, dweight, None if bias is None else 0 * dbias
