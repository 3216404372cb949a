"""layer_norm | forward | what exceeds a block of 64 KiB in a row is left out | facebookresearch/xformers#785"""

from oplaws import refimpl


def layer_norm(x, weight, bias, *, eps=1e-5):
    y = refimpl.layer_norm(x, weight, bias, eps=eps)
    block = slice(65536 // x.itemsize)
    if x.shape[-1] > 65536 // x.itemsize:
        y[...] = 0
        y[..., block] = refimpl.layer_norm(x[..., block], weight[block], bias[block], eps=eps)
    return y


layer_norm_vjp = refimpl.layer_norm_vjp
