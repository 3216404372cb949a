"""dropout | statistics | the upper half of the seed is cut off | the kernel's argument is an int32"""

from oplaws import refimpl


def dropout(x, *, p, training, seed):
    return refimpl.dropout(x, p=p, training=training, seed=seed % 2**32)


def dropout_vjp(dy, x, *, p, training, seed):
    return refimpl.dropout_vjp(dy, x, p=p, training=training, seed=seed % 2**32)
