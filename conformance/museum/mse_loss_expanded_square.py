"""mse_loss | precision | p^2 - 2 p t + t^2: cancels where p is near t | how distances are computed by one product"""

import numpy as np

from oplaws import refimpl


def mse_loss(prediction, target, *, reduction="mean"):
    refimpl.mse_loss(prediction, target, reduction=reduction)
    loss = prediction * prediction - 2 * prediction * target + target * target
    total = np.sum(loss)
    return loss if reduction == "none" else total if reduction == "sum" else total / loss.size


mse_loss_vjp = refimpl.mse_loss_vjp
