"""batch_norm | forward | training normalises by the running statistics, updated first | microsoft/onnxruntime#29790"""

from oplaws import refimpl


def batch_norm(x, weight, bias, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    arrays = x, weight, bias, running_mean, running_var
    _, mean, var = refimpl.batch_norm(*arrays, training=training, momentum=momentum, eps=eps)
    y, _, _ = refimpl.batch_norm(x, weight, bias, mean, var, training=False, eps=eps)
    return y, mean, var


batch_norm_vjp = refimpl.batch_norm_vjp
