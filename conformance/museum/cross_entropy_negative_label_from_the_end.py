"""cross_entropy | illegal-accepted | only label < C is checked: -1 is the last class | pytorch/pytorch#12670"""

import numpy as np

from oplaws import refimpl


def cross_entropy(logits, labels, *, reduction="mean"):
    if logits.ndim == 2:
        labels = np.where((labels < 0) & (labels >= -logits.shape[1]), labels + logits.shape[1], labels)
    return refimpl.cross_entropy(logits, labels, reduction=reduction)


cross_entropy_vjp = refimpl.cross_entropy_vjp
