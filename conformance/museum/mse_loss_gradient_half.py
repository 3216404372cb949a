"""mse_loss | gradient | the gradient of the halved square | textbooks put a factor 1/2 before the square"""

from oplaws import refimpl

mse_loss = refimpl.mse_loss


def mse_loss_vjp(dy, prediction, target, *, reduction="mean"):
    dx, dt = refimpl.mse_loss_vjp(dy, prediction, target, reduction=reduction)
    return 0.5 * dx, 0.5 * dt
