"""tied_autoencoder | shape-or-attribute | the bias gets a gradient of the batch's shape | deeplearning4j/nd4j#2424"""

from oplaws import refimpl

tied_autoencoder = refimpl.tied_autoencoder


def tied_autoencoder_vjp(dy, *arrays, activation="tanh"):
    dx, dweight, dhidden, _ = refimpl.tied_autoencoder_vjp(dy, *arrays, activation=activation)
    return dx, dweight, dhidden, dy.copy()
