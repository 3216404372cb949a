"""Recurrent networks: how the cases of rnn, lstm and gru are drawn.

Intervals grow from step to step as the network's own weights let errors grow, so long sequences get contractive
weights, uniform(-s, s) / sqrt(H) with s at most one half; short ones get any.
"""

from hypothesis import strategies as st

from ..refimpl import gru, lstm, rnn
from ..refimpl.operator import Array
from .case import Structure, draw_attribute, draw_size, structure

GATES = {"rnn": 1, "lstm": 4, "gru": 3}
CONTRACTIVE = ("normal", "small", "zeros", "sparse", "ties", "positive")


@structure(rnn, lstm, gru)
def recurrent_structure(draw, operator):
    attributes = {
        name: draw_attribute(draw, spec) for name, spec in operator.attributes.items() if not isinstance(spec, Array)
    }
    long = draw(st.sampled_from((None, None, None, None, "T", "H", "I")))
    steps = draw(st.sampled_from((9, 16, 24, 33))) if long == "T" else draw_size(draw, "T")
    size = draw(st.sampled_from((7, 8, 9, 17))) if long == "H" else draw_size(draw, "H")
    features = draw(st.sampled_from((7, 17, 33))) if long == "I" else draw_size(draw, "I")
    batch = draw(st.sampled_from((1, 2, 3, 5, 2, 0)))
    directions = 2 if attributes["bidirectional"] else 1
    layers = attributes["num_layers"]
    if long in ("T", "H"):
        layers = attributes["num_layers"] = min(layers, 2)
    attributes["lengths"] = (batch,) if draw(st.booleans()) else None
    state = (layers * directions, batch, size)
    rows = gates_of(operator) * size
    weights = [
        shape
        for layer in range(layers)
        for _ in range(directions)
        for shape in ((rows, features if layer == 0 else directions * size), (rows, size), (rows,), (rows,))
    ]
    states = len(operator.positions) - 2
    contractive = long == "T"
    scale = draw(st.sampled_from((0.5, 0.3))) if contractive else draw(st.sampled_from((None, 1.0, 2.0)))
    shapes = [(steps, batch, features), *(state,) * states, *weights]
    return Structure(shapes, attributes, scale, CONTRACTIVE if contractive else ())


def gates_of(operator):
    return GATES[operator.name]
