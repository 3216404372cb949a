"""layer_norm | gradient | the gradients of weight and bias are in each other's place | Oneflow-Inc/oneflow#6149"""

from oplaws import refimpl

layer_norm = refimpl.layer_norm


def layer_norm_vjp(dy, x, weight, bias, *, eps=1e-5):
    dx, dweight, dbias = refimpl.layer_norm_vjp(dy, x, weight, bias, eps=eps)
    return dx, dbias, dweight
