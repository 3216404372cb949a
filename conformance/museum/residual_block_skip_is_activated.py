"""residual_block | aliasing-or-mutation | an in-place relu changes the skip | rosinality/vq-vae-2-pytorch#60"""

import numpy as np

from oplaws import refimpl


def residual_block(x, w1, b1, w2, b2):
    refimpl.residual_block(x, w1, b1, w2, b2)
    return np.maximum(x, 0) + refimpl.linear(refimpl.relu(refimpl.linear(x, w1, b1)), w2, b2)


residual_block_vjp = refimpl.residual_block_vjp
