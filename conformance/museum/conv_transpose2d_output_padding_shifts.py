"""conv_transpose2d | forward | output_padding enters the index: every row is shifted by it | apache/tvm#19524"""

import numpy as np

from oplaws import refimpl


def conv_transpose2d(x, weight, bias=None, *, output_padding=0, **attributes):
    y = refimpl.conv_transpose2d(x, weight, bias, output_padding=output_padding, **attributes)
    a, b = output_padding if isinstance(output_padding, tuple) else (output_padding, output_padding)
    whole = np.pad(y, ((0, 0), (0, 0), (0, a), (0, b)))
    return whole[:, :, a:, b:].copy()


conv_transpose2d_vjp = refimpl.conv_transpose2d_vjp
