"""tied_autoencoder | accumulation | of two gradient buffers one is used | torch/DEPRECEATED-torch7-distro#156"""

import numpy as np

from oplaws import refimpl

tied_autoencoder = refimpl.tied_autoencoder


def tied_autoencoder_vjp(dy, x, weight, bias_hidden, bias_output, *, activation="tanh"):
    arrays = x, weight, bias_hidden, bias_output
    dx, dweight, dhidden, doutput = refimpl.tied_autoencoder_vjp(dy, *arrays, activation=activation)
    for h in range(len(weight)):
        unit = np.asarray(bias_hidden[h])
        _, dweight[h], _ = refimpl.neuron_vjp(dy @ weight[h], x, weight[h], unit, activation=activation)
    return dx, dweight, dhidden, doutput
