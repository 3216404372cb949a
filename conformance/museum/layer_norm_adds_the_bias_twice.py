"""layer_norm | forward | the bias is added twice, its gradient doubled | in the kernel and in its epilogue"""

from oplaws import refimpl


def layer_norm(x, weight, bias, *, eps=1e-5):
    return refimpl.layer_norm(x, weight, bias + bias, eps=eps)


def layer_norm_vjp(dy, x, weight, bias, *, eps=1e-5):
    dx, dweight, dbias = refimpl.layer_norm_vjp(dy, x, weight, bias, eps=eps)
    return dx, dweight, dbias + dbias
