"""dropout | gradient | the backward pass scales and does not mask | ddbourgin/numpy-ml#94"""

from oplaws import refimpl

dropout = refimpl.dropout


def dropout_vjp(dy, x, *, p, training, seed):
    return (dy / (1 - p) if training and p < 1 else refimpl.dropout_vjp(dy, x, p=p, training=training, seed=seed)[0],)
