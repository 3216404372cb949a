"""batch_norm | state | training updates a copy and returns the old statistics | paiml/aprender#2166"""

from oplaws import refimpl


def batch_norm(x, weight, bias, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    arrays = x, weight, bias, running_mean, running_var
    y, _, _ = refimpl.batch_norm(*arrays, training=training, momentum=momentum, eps=eps)
    return y, running_mean.copy(), running_var.copy()


batch_norm_vjp = refimpl.batch_norm_vjp
