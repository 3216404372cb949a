"""softplus | gradient | e (1 / (1 + e)) is inf times 0 and cleaned to 0 | tenstorrent/tt-metal#56397"""

import numpy as np

from oplaws import refimpl

softplus = refimpl.softplus


def softplus_vjp(dy, x):
    e = np.exp(x)
    return (dy * np.nan_to_num(e * (1 / (1 + e)), nan=0.0),)
