"""cross_entropy | shape-or-attribute | labels pass through int8: 128 is another class | labels stored narrow"""

import numpy as np

from oplaws import refimpl


def cross_entropy(logits, labels, *, reduction="mean"):
    refimpl.cross_entropy(logits, labels, reduction=reduction)
    narrow = labels.astype(np.int8).astype(np.int64) % max(logits.shape[1], 1)
    return refimpl.cross_entropy(logits, narrow, reduction=reduction)


cross_entropy_vjp = refimpl.cross_entropy_vjp
