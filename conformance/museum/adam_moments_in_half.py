"""adam | precision | the moments are kept in half precision | nntrainer/nntrainer#3565"""

import numpy as np

from oplaws import refimpl


def adam(*arrays, **attributes):
    p, m, v = refimpl.adam(*arrays, **attributes)
    return p, m.astype(np.float16).astype(m.dtype), v.astype(np.float16).astype(v.dtype)
