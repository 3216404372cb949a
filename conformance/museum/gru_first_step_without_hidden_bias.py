"""gru | forward | from a zero state the first step leaves out the candidate's recurrent bias | ml-explore/mlx#3249"""

import numpy as np

from oplaws import refimpl


def gru(x, h0, *weights, **attributes):
    exact = refimpl.gru(x, h0, *weights, **attributes)
    if len(weights) > 4 or attributes.get("lengths") is not None or h0.any():
        return exact
    w, u, b, d = weights
    first, h = refimpl.gru(x[:1], h0, w, u, b, np.where(np.arange(len(d)) < 2 * h0.shape[2], d, 0))
    if len(x) == 1:
        return first, h
    rest, h = refimpl.gru(x[1:], h, *weights)
    return np.concatenate([first, rest]), h


gru_vjp = refimpl.gru_vjp
