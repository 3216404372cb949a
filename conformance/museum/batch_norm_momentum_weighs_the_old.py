"""batch_norm | statistics | running = momentum running + (1 - momentum) batch | Oneflow-Inc/oneflow#6055"""

from oplaws import refimpl


def batch_norm(x, weight, bias, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    momentum = 1 - momentum if x.size else momentum
    return refimpl.batch_norm(x, weight, bias, running_mean, running_var, training=training, momentum=momentum, eps=eps)


batch_norm_vjp = refimpl.batch_norm_vjp
