"""dropout | gradient | the recomputed mask of the backward pass is a new draw | pytorch/pytorch#190717"""

from oplaws import refimpl

dropout = refimpl.dropout


def dropout_vjp(dy, x, *, p, training, seed):
    return refimpl.dropout_vjp(dy, x, p=p, training=training, seed=seed ^ 1)
