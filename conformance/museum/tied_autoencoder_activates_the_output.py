"""tied_autoencoder | forward | the reconstruction is activated too | many end in a sigmoid"""

from oplaws import refimpl


def tied_autoencoder(x, weight, bias_hidden, bias_output, *, activation="tanh"):
    y = refimpl.tied_autoencoder(x, weight, bias_hidden, bias_output, activation=activation)
    return y if activation == "identity" else getattr(refimpl, activation)(y)


tied_autoencoder_vjp = refimpl.tied_autoencoder_vjp
