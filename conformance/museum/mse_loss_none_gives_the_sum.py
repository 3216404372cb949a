"""mse_loss | shape-or-attribute | reduction "none" is ignored and summed | pytorch/pytorch#10009"""

from oplaws import refimpl


def mse_loss(prediction, target, *, reduction="mean"):
    return refimpl.mse_loss(prediction, target, reduction="sum" if reduction == "none" else reduction)


mse_loss_vjp = refimpl.mse_loss_vjp
