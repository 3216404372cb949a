"""residual_basic_block | accumulation | the skip's cotangent is pushed once for each path | sebgao/cTensor#5"""

import numpy as np

from oplaws import refimpl

residual_basic_block = refimpl.residual_basic_block


def residual_basic_block_vjp(dy, x, *weights, **attributes):
    dx, *rest = refimpl.residual_basic_block_vjp(dy, x, *weights, **attributes)
    y = refimpl.residual_basic_block(x, *weights, **attributes)
    return dx + np.where(y > 0, dy, 0) if len(weights) < 7 or weights[6] is None else dx, *rest
