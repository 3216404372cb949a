"""softmax | aliasing-or-mutation | the backward pass works in the memory of the incoming gradient | NVIDIA/apex#1430"""

from oplaws import refimpl

softmax = refimpl.softmax


def softmax_vjp(dy, x, *, axis=-1):
    (dx,) = refimpl.softmax_vjp(dy, x, axis=axis)
    if dy.flags.writeable:
        dy *= refimpl.softmax(x, axis=axis)
    return (dx,)
