"""sigmoid | precision | (1 + tanh(x / 2)) / 2: the left tail drowns in the rounding of 1 | tanh is an instruction"""

import numpy as np

from oplaws import refimpl


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


sigmoid_vjp = refimpl.sigmoid_vjp
