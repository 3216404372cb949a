"""batch_norm | gradient | backward follows the mode of the last forward call | apache/mxnet#9580"""

from oplaws import refimpl

last = {"training": True}


def batch_norm(x, weight, bias, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    last["training"] = training
    arrays = x, weight, bias, running_mean, running_var
    return refimpl.batch_norm(*arrays, training=training, momentum=momentum, eps=eps)


def batch_norm_vjp(cotangents, *arrays, training, **attributes):
    return refimpl.batch_norm_vjp(cotangents, *arrays, **last, **attributes)
