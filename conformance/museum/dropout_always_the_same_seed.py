"""dropout | determinism | the generator is always seeded by 0 | PaddlePaddle/Paddle#7796"""

from oplaws import refimpl


def dropout(x, *, p, training, seed):
    return refimpl.dropout(x, p=p, training=training, seed=0)


def dropout_vjp(dy, x, *, p, training, seed):
    return refimpl.dropout_vjp(dy, x, p=p, training=training, seed=0)
