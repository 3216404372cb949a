"""batch_norm | statistics | the running variance takes up var + eps; eps is added again later | chainer/chainer#4505"""

from oplaws import refimpl


def batch_norm(x, weight, bias, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    arrays = x, weight, bias, running_mean, running_var
    y, mean, var = refimpl.batch_norm(*arrays, training=training, momentum=momentum, eps=eps)
    return y, mean, var + momentum * eps if training and x.size else var


batch_norm_vjp = refimpl.batch_norm_vjp
