"""batch_norm | aliasing-or-mutation | the running mean's name is reused: two updates | microsoft/onnxscript#1289"""

from oplaws import refimpl


def batch_norm(x, weight, bias, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    attributes = {"training": training, "momentum": momentum, "eps": eps}
    y, mean, var = refimpl.batch_norm(x, weight, bias, running_mean, running_var, **attributes)
    return (
        (y, refimpl.batch_norm(x, weight, bias, mean, running_var, **attributes)[1], var) if x.size else (y, mean, var)
    )


batch_norm_vjp = refimpl.batch_norm_vjp
