"""adam | forward | p - weight_decay p, whatever the learning rate | flashlight/flashlight#143"""

from oplaws import refimpl


def adam(*arrays, step, weight_decay=0.0, **attributes):
    refimpl.adam(*arrays, step=step, weight_decay=weight_decay, **attributes)
    p, m, v = refimpl.adam(*arrays, step=step, **attributes)
    return p - weight_decay * arrays[0], m, v
