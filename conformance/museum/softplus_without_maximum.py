"""softplus | special-values | log1p(e^x): infinite where e^x overflows | pytorch/pytorch#171249"""

import numpy as np

from oplaws import refimpl


def softplus(x):
    return np.log1p(np.exp(x))


softplus_vjp = refimpl.softplus_vjp
