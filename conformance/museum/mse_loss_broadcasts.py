"""mse_loss | illegal-accepted | (n, 1) against (n,) gives n by n differences without a word | pytorch/pytorch#16045"""

import numpy as np

from oplaws import refimpl


def mse_loss(prediction, target, *, reduction="mean"):
    shape = np.broadcast_shapes(prediction.shape, target.shape)
    return refimpl.mse_loss(np.broadcast_to(prediction, shape), np.broadcast_to(target, shape), reduction=reduction)


mse_loss_vjp = refimpl.mse_loss_vjp
