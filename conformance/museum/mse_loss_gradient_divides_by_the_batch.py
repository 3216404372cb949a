"""mse_loss | gradient | the mean's gradient is divided by the batch size alone | f-dangel/backpack#56"""

from oplaws import refimpl

mse_loss = refimpl.mse_loss


def mse_loss_vjp(dy, prediction, target, *, reduction="mean"):
    if reduction != "mean" or not prediction.size:
        return refimpl.mse_loss_vjp(dy, prediction, target, reduction=reduction)
    dx = 2 * dy * (prediction - target) / (len(prediction) if prediction.ndim else 1)
    return dx, -dx
