"""lstm | accumulation | dx is written over dy before the reverse has read it | apache/mxnet#18203"""

import numpy as np

from oplaws import refimpl

lstm = refimpl.lstm


def lstm_vjp(cotangents, x, h0, c0, *weights, **attributes):
    exact = refimpl.lstm_vjp(cotangents, x, h0, c0, *weights, **attributes)
    dy, dh, dc = cotangents
    if len(weights) != 8 or not attributes.get("bidirectional") or dy is None:
        return exact
    own = tuple(None if d is None else np.stack([d[0], 0 * d[1]]) for d in (dh, dc))
    half = np.arange(dy.shape[2]) < h0.shape[2]
    dx = refimpl.lstm_vjp((np.where(half, dy, 0), *own), x, h0, c0, *weights, **attributes)[0]
    spoilt = dy.copy()
    n = min(dx.shape[2], dy.shape[2])
    spoilt[..., :n] = dx[..., :n]
    return refimpl.lstm_vjp((np.where(half, dy, spoilt), dh, dc), x, h0, c0, *weights, **attributes)
