"""tied_autoencoder | gradient | the decoder's gradient replaces the encoder's | NVIDIA/TransformerEngine#3552"""

import numpy as np

from oplaws import refimpl

tied_autoencoder = refimpl.tied_autoencoder


def tied_autoencoder_vjp(dy, x, weight, bias_hidden, bias_output, *, activation="tanh"):
    arrays = x, weight, bias_hidden, bias_output
    dx, _, dhidden, doutput = refimpl.tied_autoencoder_vjp(dy, *arrays, activation=activation)
    decoder = np.zeros_like(weight)
    for h in range(len(weight)):
        unit = refimpl.neuron(x, weight[h], np.asarray(bias_hidden[h]), activation=activation)
        decoder[h] = unit @ dy
    return dx, decoder, dhidden, doutput
