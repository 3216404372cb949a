"""dropout | statistics | seeds 2k and 2k + 1 give the same mask | a generator that forces its state to be odd"""

from oplaws import refimpl


def dropout(x, *, p, training, seed):
    return refimpl.dropout(x, p=p, training=training, seed=seed | 1)


def dropout_vjp(dy, x, *, p, training, seed):
    return refimpl.dropout_vjp(dy, x, p=p, training=training, seed=seed | 1)
