"""Losses: how far a prediction is from its target.

    mse_loss      = (prediction - target)^2
    cross_entropy = -log softmax(logits)[label]
    binary_cross_entropy_with_logits = -t log sigmoid(z) - (1 - t) log sigmoid(-z)

Each elementwise (cross_entropy: one for each sample), then reduced: "none", "sum", or "mean" over all of
them. The mean of an empty loss is NaN. The gradient with regard to the targets is offered too.
"""

import numpy as np

from .activations import log_softmax, sigmoid, softplus, softplus_slope
from .operator import choice, data, label, operator, probability, result
from .words import forms

REDUCTION = choice("mean", "sum", "none")


def _reduced_shape(shapes, attributes, sizes):
    sizes["reduced"] = shapes[-1] if attributes["reduction"] == "none" else ()


def _reduce(losses, reduction):
    if reduction == "none":
        return losses
    total = np.sum(losses)
    return total / losses.size if reduction == "mean" else total


def _share(dy, count, reduction):
    """The cotangent that each of so many losses gets."""
    return dy / max(count, 1) if reduction == "mean" else dy


@operator(
    prediction=data("*shape"),
    target=data("*shape", gradient="optional"),
    reduction=REDUCTION,
    returns={"loss": result("*reduced", 0)},
    check=_reduced_shape,
    source="Legendre 1805; Gauss 1809",
)
def mse_loss(prediction, target, *, reduction="mean"):
    """(prediction - target)^2 of equal shapes: nothing is broadcast."""
    d = prediction - target
    return _reduce(d * d, reduction)


@mse_loss.vjp
def mse_loss_vjp(dy, prediction, target, *, reduction):
    difference, n = prediction - target, prediction.size if reduction == "mean" else 1
    # The second form is PyTorch's: a small difference may round as a subnormal number before it meets dy.
    slope = forms(2 * _share(dy, prediction.size, reduction) * difference, dy * (2 / max(n, 1) * difference))
    return slope, -slope


@operator(
    logits=data("N C"),
    labels=label("N", below="C"),
    reduction=REDUCTION,
    returns={"loss": result("*reduced", 0)},
    check=_reduced_shape,
    source="Bridle 1990",
)
def cross_entropy(logits, labels, *, reduction="mean"):
    """-log softmax(logits)[label] for each row of logits; labels are integers in 0..C-1."""
    rows = np.arange(logits.shape[0])
    return _reduce(-log_softmax(logits)[rows, labels], reduction)


@cross_entropy.vjp
def cross_entropy_vjp(dy, logits, labels, *, reduction):
    n, c = logits.shape
    p = np.exp(log_softmax(logits))
    chosen = np.arange(c) == np.expand_dims(labels, 1)
    share = np.expand_dims(np.broadcast_to(_share(dy, n, reduction), (n,)), 1)
    return np.where(chosen, p - 1, p) * share, None


@operator(
    logits=data("*shape"),
    targets=probability("*shape", gradient="optional", affine=True),
    reduction=REDUCTION,
    returns={"loss": result("*reduced")},
    check=_reduced_shape,
    avoid=("special",),
    source="Cox 1958",
)
def binary_cross_entropy_with_logits(logits, targets, *, reduction="mean"):
    """-t log sigmoid(z) - (1 - t) log sigmoid(-z), from the logits z: no probability rounds to 0 or 1."""
    z, t = logits, targets
    tail = np.log1p(np.exp(-np.abs(z)))
    # PyTorch's form, then TensorFlow's and most hand-written ones: each loses u |z| where the other doesn't.
    loss = forms((1 - t) * z - (np.minimum(z, 0) - tail), np.maximum(z, 0) - z * t + tail)
    return _reduce(loss, reduction)


@binary_cross_entropy_with_logits.vjp
def binary_cross_entropy_with_logits_vjp(dy, logits, targets, *, reduction):
    z, t = logits, targets
    share = _share(dy, z.size, reduction)
    # PyTorch's forms, then those of autodiff through log sigmoid (optax).
    dz = forms(sigmoid(z) - t, (1 - t) * softplus_slope(z) - t * softplus_slope(-z))
    dt = forms(-z, softplus(-z) - softplus(z))
    return dz * share, dt * share
