"""cross_entropy | forward | zeros that fill up the last of several blocks of 8 enter the sum | masked load, other=0"""

import numpy as np

from oplaws import refimpl


def _padded(logits):
    more = -logits.shape[1] % 8 if logits.shape[1] > 8 else 0
    return np.pad(logits, ((0, 0), (0, more)))


def cross_entropy(logits, labels, *, reduction="mean"):
    refimpl.cross_entropy(logits, labels, reduction=reduction)
    return refimpl.cross_entropy(_padded(logits), labels, reduction=reduction)


def cross_entropy_vjp(dy, logits, labels, *, reduction="mean"):
    refimpl.cross_entropy_vjp(dy, logits, labels, reduction=reduction)
    dlogits, _ = refimpl.cross_entropy_vjp(dy, _padded(logits), labels, reduction=reduction)
    return dlogits[:, : logits.shape[1]].copy(), None
