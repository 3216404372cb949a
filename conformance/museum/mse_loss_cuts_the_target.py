"""mse_loss | illegal-accepted | both are read flat, as many elements as the prediction has | pytorch/pytorch#4938"""

from oplaws import refimpl


def mse_loss(prediction, target, *, reduction="mean"):
    if target.size >= prediction.size:
        target = target.ravel()[: prediction.size].reshape(prediction.shape)
    return refimpl.mse_loss(prediction, target, reduction=reduction)


mse_loss_vjp = refimpl.mse_loss_vjp
