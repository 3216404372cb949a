"""residual_block | forward | the last of an odd number of features has no skip | features in pairs"""

from dataclasses import replace

import numpy as np

from oplaws import refimpl
from oplaws.refimpl import linear, relu


def residual_block(x, w1, b1, w2, b2):
    paired = (np.arange(x.shape[-1]) < x.shape[-1] // 2 * 2).astype(x.dtype)
    return x * paired + linear(relu(linear(x, w1, b1)), w2, b2)


residual_block = replace(refimpl.residual_block, text=residual_block)
residual_block_vjp = residual_block.gradient
