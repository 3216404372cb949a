"""mse_loss | special-values | each square is at least 1e-6 | eps inside the root of an RMSE"""

import numpy as np

from oplaws import refimpl

LEAST = 1e-6


def mse_loss(prediction, target, *, reduction="mean"):
    refimpl.mse_loss(prediction, target, reduction=reduction)
    each = refimpl.mse_loss(prediction, target, reduction="none")
    each = np.maximum(each, each.dtype.type(LEAST))
    if reduction == "none":
        return each
    total = np.sum(each)
    return total if reduction == "sum" else total / each.dtype.type(each.size)


def mse_loss_vjp(dy, prediction, target, *, reduction="mean"):
    above = refimpl.mse_loss(prediction, target, reduction="none") > LEAST
    gradients = refimpl.mse_loss_vjp(dy, prediction, target, reduction=reduction)
    return tuple(np.where(above, g, 0) for g in gradients)
