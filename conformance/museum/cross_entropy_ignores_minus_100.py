"""cross_entropy | illegal-accepted | the label -100 is ignored | the default ignore_index, taken over unasked"""

import numpy as np

from oplaws import refimpl


def cross_entropy(logits, labels, *, reduction="mean"):
    known = labels != -100
    if known.all():
        return refimpl.cross_entropy(logits, labels, reduction=reduction)
    losses = np.zeros(len(labels), logits.dtype)
    losses[known] = refimpl.cross_entropy(logits[known], labels[known], reduction="none")
    return {"none": losses, "sum": losses.sum(), "mean": losses.sum() / known.sum()}[reduction]


cross_entropy_vjp = refimpl.cross_entropy_vjp
