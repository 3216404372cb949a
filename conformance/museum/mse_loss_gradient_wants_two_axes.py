"""mse_loss | shape-or-attribute | the gradient of "sum" asks for shape[1] | pytorch/pytorch#79784"""

from oplaws import refimpl

mse_loss = refimpl.mse_loss


def mse_loss_vjp(dy, prediction, target, *, reduction="mean"):
    if reduction == "sum" and prediction.ndim == 1:
        raise IndexError(f"tuple index out of range: {prediction.shape}[1]")
    return refimpl.mse_loss_vjp(dy, prediction, target, reduction=reduction)
