"""layer_norm | gradient | contiguous inputs take a fused path that has no backward: None | huggingface/candle#3613"""

from oplaws import refimpl

layer_norm = refimpl.layer_norm


def layer_norm_vjp(dy, x, weight, bias, *, eps=1e-5):
    gradients = refimpl.layer_norm_vjp(dy, x, weight, bias, eps=eps)
    return (None, *gradients[1:]) if x.flags.c_contiguous else gradients
