"""conv3d | gradient | with a padded depth dbias leaves out the first plane | col2im begins at the padding"""

import numpy as np

from oplaws import refimpl

conv3d = refimpl.conv3d


def conv3d_vjp(dy, x, weight, bias=None, *, padding=0, **attributes):
    dx, dweight, dbias = refimpl.conv3d_vjp(dy, x, weight, bias, padding=padding, **attributes)
    if bias is not None and (padding[0] if isinstance(padding, tuple) else padding):
        dbias = np.sum(dy[:, :, 1:], axis=(0, 2, 3, 4))
    return dx, dweight, dbias
