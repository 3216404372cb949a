"""adam | state | the bias correction is kept in the first moment | frgfm/holocron#1"""

from oplaws import refimpl


def adam(*arrays, step, beta1=0.9, **attributes):
    p, m, v = refimpl.adam(*arrays, step=step, beta1=beta1, **attributes)
    return p, m / (1 - beta1**step), v
