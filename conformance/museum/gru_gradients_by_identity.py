"""gru | gradient | gradients are kept by the identity of the array: a bias given twice has one | a tape keyed by id"""

from oplaws import refimpl

gru = refimpl.gru


def gru_vjp(cotangents, *arrays, **attributes):
    gradients = refimpl.gru_vjp(cotangents, *arrays, **attributes)
    kept = {id(array): gradient for array, gradient in zip(arrays, gradients, strict=True)}
    return tuple(kept[id(array)].copy() for array in arrays)
