"""relu | gradient | both branches of the kink are added up: relu'(0) = 2 | x >= 0 and x <= 0 both hold"""

import numpy as np

from oplaws import refimpl

relu = refimpl.relu


def relu_vjp(dy, x):
    return (dy * np.heaviside(x, 2),)
