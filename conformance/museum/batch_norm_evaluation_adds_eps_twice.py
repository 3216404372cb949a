"""batch_norm | statistics | evaluation divides by sqrt(var + 2 eps) | eps folded in on export, added again"""

from oplaws import refimpl


def batch_norm(*arrays, training, eps=1e-5, **attributes):
    refimpl.batch_norm(*arrays, training=training, eps=eps, **attributes)
    return refimpl.batch_norm(*arrays, training=training, eps=eps if training else 2 * eps, **attributes)


def batch_norm_vjp(cotangents, *arrays, training, eps=1e-5, **attributes):
    eps = eps if training else 2 * eps
    return refimpl.batch_norm_vjp(cotangents, *arrays, training=training, eps=eps, **attributes)
