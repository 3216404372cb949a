"""cross_entropy | gradient | the gradient's softmax runs over the samples | deeplearning4j/deeplearning4j#345"""

import numpy as np

from oplaws import refimpl

cross_entropy = refimpl.cross_entropy


def cross_entropy_vjp(dy, logits, labels, *, reduction="mean"):
    dx, _ = refimpl.cross_entropy_vjp(dy, logits, labels, reduction=reduction)
    share = np.broadcast_to(dy / max(len(labels), 1) if reduction == "mean" else dy, labels.shape)[:, None]
    return dx + share * (refimpl.softmax(logits, axis=0) - refimpl.softmax(logits, axis=1)), None
