"""Weight sharing: one matrix used twice. On small integers and without activation every sum is exact."""

from dataclasses import replace

import numpy as np

from ..refimpl import tied_autoencoder
from ..refimpl.operator import DTYPES
from .ball import Ball
from .law import Violation, agree, law


def _plain(asked):
    """The case without activation, on small integers, and x, weight, dy as balls."""
    case = asked.case
    rng = np.random.Generator(np.random.SFC64(case.seed))
    arrays = [rng.integers(-2, 3, a.shape).astype(DTYPES[case.dtype]) for a in (*case.inputs, case.inputs[0])]
    attributes = {**case.attributes, "activation": "identity"}
    other = replace(case.with_arrays(arrays), attributes=attributes, layouts=("contiguous",) * 5)
    return asked.on(other), [Ball.exact(a, asked.arithmetic) for a in arrays]


@law(tied_autoencoder, every=2)
def decoding_transposes_the_encoder(asked):
    """Without activation y = (x @ W.T + b_hidden) @ W + b_output; exact on integers."""
    other, (x, w, hidden, output, _) = _plain(asked)
    return agree((x @ w.T + hidden) @ w + output, other.forward[0], "y")


@law(tied_autoencoder, needs="gradient", every=2)
def a_shared_weight_sums_the_gradients_of_its_uses(asked):
    """Without activation dW = (dy @ W.T).T @ x (encoder) + (x @ W.T + b_hidden).T @ dy (decoder); exact on integers."""
    other, (x, w, hidden, _, dy) = _plain(asked)
    encoder, decoder = (dy @ w.T).T @ x, (x @ w.T + hidden).T @ dy
    dw = other.vjp[1]
    try:
        return agree(encoder + decoder, dw, "dweight")
    except Violation as fault:
        for what, ball in (
            ("the encoder's use alone", encoder),
            ("the decoder's use alone", decoder),
            ("the difference of the uses", encoder - decoder),
            ("the mean of the uses", (encoder + decoder) / 2),
        ):
            if not np.any(ball.agreement(dw)[0] > 1):
                message = f"{fault.message}: it looks like {what}"
                raise Violation(fault.kind, message, place=fault.place, expected=fault.expected,
                                got=fault.got, worst=fault.worst) from None  # fmt: skip
        raise
