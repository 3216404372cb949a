"""batch_norm | forward | evaluation divides by sqrt(running_var), without eps | chainer/chainer#2214"""

from oplaws import refimpl


def batch_norm(x, weight, bias, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    arrays = x, weight, bias, running_mean, running_var
    return refimpl.batch_norm(*arrays, training=training, momentum=momentum, eps=eps if training else 0.0)


batch_norm_vjp = refimpl.batch_norm_vjp
