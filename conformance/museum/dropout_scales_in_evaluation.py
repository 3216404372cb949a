"""dropout | forward | training only masks, evaluation multiplies by 1 - p | Srivastava et al. 2014"""

from oplaws import refimpl


def dropout(x, *, p, training, seed):
    y = refimpl.dropout(x, p=p, training=training, seed=seed)
    return y * x.dtype.type(1 - p) if p < 1 else y


def dropout_vjp(dy, x, *, p, training, seed):
    (dx,) = refimpl.dropout_vjp(dy, x, p=p, training=training, seed=seed)
    return (dx * x.dtype.type(1 - p) if p < 1 else dx,)
