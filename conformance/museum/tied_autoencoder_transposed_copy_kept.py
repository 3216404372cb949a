"""tied_autoencoder | state | the decoder's copy of the weight is not renewed | packed once"""

import numpy as np

from oplaws import refimpl

packed = {}


def tied_autoencoder(x, weight, bias_hidden, bias_output, *, activation="tanh"):
    y = refimpl.tied_autoencoder(x, weight, bias_hidden, bias_output, activation=activation)
    decoder = packed.setdefault((weight.shape, weight.dtype), weight.copy())
    if np.array_equal(decoder, weight, equal_nan=True):
        return y
    hidden = refimpl.linear(x, weight, bias_hidden)
    hidden = hidden if activation == "identity" else getattr(refimpl, activation)(hidden)
    return hidden @ decoder + bias_output


tied_autoencoder_vjp = refimpl.tied_autoencoder_vjp
