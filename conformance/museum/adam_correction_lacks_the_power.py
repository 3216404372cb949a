"""adam | forward | m / (1 - beta1) and v / (1 - beta2) at every step | eriklindernoren/ML-From-Scratch#35"""

from oplaws import refimpl


def adam(*arrays, step, **attributes):
    refimpl.adam(*arrays, step=step, **attributes)
    return refimpl.adam(*arrays, step=1, **attributes)
