"""softmax | special-values | the shift is max(0, max x): rows of very negative logits are 0 / 0 | FluxML/NNlib.jl#43"""

import numpy as np

from oplaws import refimpl


def softmax(x, *, axis=-1):
    refimpl.softmax(x, axis=axis)
    e = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=0))
    return e / np.sum(e, axis=axis, keepdims=True)


softmax_vjp = refimpl.softmax_vjp
