"""tied_autoencoder | forward | the last of an odd number of hidden units is left out | units in pairs"""

import numpy as np

from oplaws import refimpl


def tied_autoencoder(x, weight, bias_hidden, bias_output, **attributes):
    refimpl.tied_autoencoder(x, weight, bias_hidden, bias_output, **attributes)
    pairs = len(weight) // 2 * 2
    return refimpl.tied_autoencoder(x, weight[:pairs], bias_hidden[:pairs], bias_output, **attributes)


def tied_autoencoder_vjp(dy, x, weight, bias_hidden, bias_output, **attributes):
    pairs, odd = len(weight) // 2 * 2, len(weight) % 2
    arrays = x, weight[:pairs], bias_hidden[:pairs], bias_output
    dx, dweight, dhidden, doutput = refimpl.tied_autoencoder_vjp(dy, *arrays, **attributes)
    return dx, np.pad(dweight, ((0, odd), (0, 0))), np.pad(dhidden, (0, odd)), doutput
