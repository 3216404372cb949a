"""mse_loss | forward | the difference is clipped at 0: too small a prediction costs nothing | unsigned differences"""

import numpy as np

from oplaws import refimpl


def mse_loss(prediction, target, *, reduction="mean"):
    refimpl.mse_loss(prediction, target, reduction=reduction)
    return refimpl.mse_loss(np.maximum(prediction, target), target, reduction=reduction)


def mse_loss_vjp(dy, prediction, target, *, reduction="mean"):
    refimpl.mse_loss_vjp(dy, prediction, target, reduction=reduction)
    return refimpl.mse_loss_vjp(dy, np.maximum(prediction, target), target, reduction=reduction)
