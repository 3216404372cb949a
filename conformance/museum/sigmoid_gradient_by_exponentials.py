"""sigmoid | gradient | e / (1 + e)^2 with e = e^-x: the square overflows, then e | jeshraghian/snntorch#433"""

import numpy as np

from oplaws import refimpl

sigmoid = refimpl.sigmoid


def sigmoid_vjp(dy, x):
    e = np.exp(-x)
    return (dy * (e / (1 + e) ** 2),)
