"""batch_norm | gradient | the gradient of evaluation is that of training, through batch statistics | pytorch/xla#913"""

from oplaws import refimpl

batch_norm = refimpl.batch_norm


def batch_norm_vjp(cotangents, x, *arrays, training, **attributes):
    enough = x.size > x.shape[1]
    return refimpl.batch_norm_vjp(cotangents, x, *arrays, training=training or enough, **attributes)
