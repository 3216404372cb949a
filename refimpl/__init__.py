"""What each operator means: one file a concept, the text the formula itself.

`operators` holds them by name. Every NAME and NAME_vjp can be imported from here, so that this package is a
candidate like any other: `oplaws run oplaws.refimpl`.
"""

from typing import TYPE_CHECKING, Any

from . import (
    activations,
    convolution,
    dropout,
    gru,
    linear,
    losses,
    lstm,
    neuron,
    normalisation,
    optimizers,
    pooling,
    residual,
    rnn,
    sharing,
)
from .operator import Operator

operators: dict[str, Operator] = {
    o.name: o
    for concept in (
        *(
            activations,
            losses,
            neuron,
            linear,
            convolution,
            pooling,
            normalisation,
            dropout,
            sharing,
            residual,
        ),
        *(rnn, lstm, gru, optimizers),
    )
    for o in vars(concept).values()
    if isinstance(o, Operator) and o.__module__ == concept.__name__
}
# From here on `linear`, `lstm`, ... are the operators; `from .linear import ...` still finds the module.
globals().update(operators)
globals().update({o.gradient.name: o.gradient for o in operators.values() if o.gradient})

if TYPE_CHECKING:

    def __getattr__(name: str) -> Any: ...
