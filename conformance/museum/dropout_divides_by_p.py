"""dropout | forward | what is kept is divided by p in place of 1 - p | gorgonia/gorgonia#399"""

from oplaws import refimpl


def dropout(x, *, p, training, seed):
    y = refimpl.dropout(x, p=p, training=training, seed=seed)
    return y * ((1 - p) / p) if training and 0 < p < 1 else y


def dropout_vjp(dy, x, *, p, training, seed):
    (dx,) = refimpl.dropout_vjp(dy, x, p=p, training=training, seed=seed)
    return (dx * ((1 - p) / p) if training and 0 < p < 1 else dx,)
