"""softplus | gradient | log(1 + e^x) and what autodiff makes of it, e^x / (1 + e^x): NaN | tracel-ai/burn#5373"""

import numpy as np


def softplus(x):
    return np.where(x < -10, np.log1p(np.exp(x)), np.log(1 + np.exp(x)))


def softplus_vjp(dy, x):
    e = np.exp(x)
    return (dy * (e / (1 + e)),)
