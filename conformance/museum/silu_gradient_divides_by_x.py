"""silu | gradient | sigmoid is written as y / x in the backward pass: 0 / 0 at 0 | huggingface/candle#2083"""

from oplaws import refimpl

silu = refimpl.silu


def silu_vjp(dy, x):
    y = refimpl.silu(x)
    s = y / x
    return (dy * (s + y * (1 - s)),)
