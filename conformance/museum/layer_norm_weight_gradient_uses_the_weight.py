"""layer_norm | gradient | dw = sum(dy w) where the normalised x is meant | pytorch/pytorch#18233"""

from oplaws import refimpl

layer_norm = refimpl.layer_norm


def layer_norm_vjp(dy, x, weight, bias, *, eps=1e-5):
    dx, _, dbias = refimpl.layer_norm_vjp(dy, x, weight, bias, eps=eps)
    return dx, dbias * weight, dbias
