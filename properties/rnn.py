"""Recurrent networks: how the cases of rnn, lstm and gru are drawn, what the three obey alike, and the Elman network.

Intervals grow from step to step as the network's own weights let errors grow, so long sequences get contractive
weights, uniform(-s, s) / sqrt(H) with s at most one half; short ones get any.

A network put together from calls of the candidate (layer by layer, one direction or one sequence at a time, one stretch
of time after the other) is an implementation as well: its answers lie in the ball of the whole call, which is there
already. So these laws cost calls of the candidate and no further ball.
"""

import functools
import itertools
from dataclasses import replace

import numpy as np

from ..refimpl import gru, lstm, rnn, sigmoid
from ..refimpl.neuron import ELEMENTWISE, activate
from ..refimpl.operator import DTYPES
from .ball import WIDE, Ball, around
from .case import Structure, deal, draw_attribute, draw_size, structure
from .law import EXACT, Violation, agree, identical, law, meet, worst

GATES = {"rnn": 1, "lstm": 4, "gru": 3}
STACKS = ((1, False), (1, True), (2, False), (2, True), (1, True), (3, False), (1, False), (3, True))
CONTRACTIVE = ("normal", "small", "zeros", "sparse", "ties", "positive")


@structure(rnn, lstm, gru)
def recurrent_structure(draw, operator, large):
    nonlinearity = operator.attributes.get("nonlinearity")
    attributes = {"nonlinearity": draw_attribute(draw, "nonlinearity", nonlinearity)} if nonlinearity else {}
    long = deal(draw, "long axis", (None, None, None, None, "T", "H", "I", None, "H", "I"))
    steps = deal(draw, "many steps", (9, 16, 24)) if long == "T" else draw_size(draw, "T")
    size = deal(draw, "many units", (7, 8, 9, 17)) if long == "H" else draw_size(draw, "H")
    features = deal(draw, "features", (7, 17, 33) if long == "I" else (1, 2, 3, 4, 5, 6))
    batch = deal(draw, "batch", (1, 2, 3, 5, 2, 1, 3, 4, 2, 1, 2, 0))
    if large and deal(draw, "of what", (False, True)):
        long, steps, batch, size, features = "T", 65, 2, 3, 5
    elif large:
        long, steps, batch, size, features = "H", 2, 33, 33, 3
    layers, attributes["bidirectional"] = deal(draw, "layers and directions", STACKS)
    attributes["num_layers"] = min(layers, 2) if long in ("T", "H") else layers
    attributes["lengths"] = deal(draw, "lengths", (None, True))
    if deal(draw, "plain", (False, False, False, False, True)) or steps > 24:
        attributes.update(NETWORK)
    elif deal(draw, "layers alike", (False, False, False, True)):  # a layer might read what another should
        batch, features = size, size * (2 if attributes["bidirectional"] else 1)
    if attributes["lengths"]:
        attributes["lengths"] = (batch,)
    layers, directions = attributes["num_layers"], 2 if attributes["bidirectional"] else 1
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
    scale = deal(draw, "scale", (0.5, 0.3) if contractive else (None, 1.0, 2.0))
    shapes = [(steps, batch, features), *(state,) * states, *weights]
    return Structure(shapes, attributes, scale, CONTRACTIVE if contractive else ())


def gates_of(operator):
    return GATES[operator.name]


NETWORK = {"num_layers": 1, "bidirectional": False, "lengths": None}

# --- networks put together from the candidate's own calls --------------------------------------------------------


def parts(case):
    """x, the initial states and the weights of a case."""
    x, *rest = case.inputs
    count = len(case.operator.positions) - 2
    return x, tuple(rest[:count]), tuple(rest[count:])


def network(case, x, states, weights, cotangents=(), **attributes):
    """Another network of the same operator."""
    inputs = (x, *states, *weights)
    attributes = {**case.attributes, **attributes}
    layouts = ("contiguous",) * (len(inputs) + len(cotangents))
    return replace(case, inputs=inputs, cotangents=cotangents, layouts=layouts, attributes=attributes)


def directions(case):
    return 2 if case.attributes["bidirectional"] else 1


def ends(case):
    """How many steps each sequence has."""
    x, lengths = case.inputs[0], case.attributes["lengths"]
    return np.full(x.shape[1], x.shape[0]) if lengths is None else lengths


def turned(x, ends):
    """Each sequence backwards, within its own length; what lies beyond stays."""
    t = np.arange(x.shape[0])[:, None]
    return x[np.where(t < ends, ends - 1 - t, t), np.arange(x.shape[1])]


def judgeable(case):
    return case.finite and case.inputs[0].shape[1] > 0


def same(asked, results, what, places=(...,) * 3):
    """Results composed of other calls lie in the balls of the whole call, at these places of it."""
    names = asked.operator.results
    return worst(
        meet(f"{name} - {name} {what}", seen[place], around(value, expected[place]))
        for name, seen, expected, value, place in zip(names, asked.seen, asked.expected, results, places, strict=False)
    )


def by_layers(asked, layer):
    """A stack computed one layer after the other: layer(x, states, weights) -> output and last states of the layer."""
    case = asked.case
    output, states, weights = parts(case)
    wide, last = directions(case), []
    for at in range(0, len(states[0]), wide):
        own = weights[4 * at : 4 * (at + wide)]
        output, *ends = layer(output, tuple(s[at : at + wide] for s in states), own)
        last.append(ends)
    return (output, *map(np.concatenate, zip(*last, strict=True)))


@law(rnn, lstm, gru)
def layers_are_composed(asked):
    """A layer reads the output of the layer before and has its own states: all layers = one after the other."""
    case = asked.case
    if case.attributes["num_layers"] == 1 or not judgeable(case):
        return None

    def layer(*arrays):
        return asked.on(network(case, *arrays, num_layers=1)).forward

    return same(asked, by_layers(asked, layer), "layer by layer")


@law(rnn, lstm, gru)
def two_directions_are_two_networks(asked):
    """A bidirectional layer is two: output = [forward(x), reverse(flip x) flipped back], within each own length."""
    case = asked.case
    if not case.attributes["bidirectional"] or not judgeable(case):
        return None

    def layer(x, states, weights):
        forward, backward = (
            asked.on(
                network(
                    case,
                    turned(x, ends(case)) if d else x,
                    tuple(s[d : d + 1] for s in states),
                    weights[4 * d : 4 * d + 4],
                    num_layers=1,
                    bidirectional=False,
                )
            ).forward
            for d in range(2)
        )
        output = np.concatenate([forward[0], turned(backward[0], ends(case))], axis=-1)
        return (output, *map(np.concatenate, zip(forward[1:], backward[1:], strict=True)))

    return same(asked, by_layers(asked, layer), "one direction at a time")


@law(rnn, lstm, gru)
def sequences_can_be_continued(asked):
    """The states carry all that later steps need: y(x, s_0) = y(x[:k], s_0), then y(x[k:], s_k)."""
    case = asked.case
    x, states, weights = parts(case)
    H, one_way = states[0].shape[2], directions(case) == 1
    last = min(ends(case), default=0)
    if not judgeable(case) or last < 2 or not (one_way or case.attributes["num_layers"] == 1):
        return None
    k = 1 + case.seed % (last - 1)
    if not one_way:  # the forward half of a single layer goes alone as well
        states, weights = tuple(s[:1] for s in states), weights[:4]
    lengths = case.attributes["lengths"]
    begun, rest = (None, None) if lengths is None else (np.full_like(lengths, k), lengths - k)
    alone = functools.partial(network, case, weights=weights, bidirectional=False)
    early, *states = asked.on(alone(x[:k], states, lengths=begun)).forward
    late, *states = asked.on(alone(x[k:], tuple(states), lengths=rest)).forward
    own = slice(None) if one_way else slice(1)
    whole = (np.concatenate([early, late]), *states)
    return same(asked, whole, f"in two stretches, the first of {k}", ((..., slice(H)), own, own))


def _sequence(asked, n):
    """The case of one sequence of the batch, at its own length, without `lengths`."""
    case = asked.case
    x, states, weights = parts(case)
    own, count = slice(n, n + 1), ends(case)[n]
    cotangents = ()
    if case.cotangents:
        output, *last = case.cotangents
        cotangents = (
            None if output is None else output[:count, own],
            *(None if ds is None else ds[:, own] for ds in last),
        )
    return network(case, x[:count, own], tuple(s[:, own] for s in states), weights, cotangents, lengths=None)


@law(rnn, lstm, gru)
def a_sequence_is_the_same_alone(asked):
    """A sequence gives alone, cut to its own length, what it gives in a batch; past its end the output is 0."""
    case = asked.case
    if not judgeable(case):
        return None
    n = case.seed % case.inputs[0].shape[1]
    count = int(ends(case)[n])
    _zero("output", asked.forward[0][count:, n], "past the end")
    state = (slice(None), slice(n, n + 1))
    places = ((slice(count), slice(n, n + 1)), state, state)
    return same(asked, asked.on(_sequence(asked, n)).forward, f"of sequence {n} alone", places)


def _zero(name, values, where):
    identical(f"{name} {where}", np.zeros_like(values), values + values.dtype.type(0), f"{where} it must be 0")


@law(rnn, lstm, gru)
def last_states_are_the_last_outputs(asked):
    """h_n of the last layer is the output at each sequence's own last step; of the reverse direction, at the first."""
    case = asked.case
    if not judgeable(case):
        return None
    output, h = asked.seen[:2]
    H, n = h.shape[2], np.arange(h.shape[1])
    found = [meet("h_n - output at the last step", h[-directions(case)], output[ends(case) - 1, n, :H])]
    if directions(case) == 2:
        found.append(meet("h_n - output at the first step, reverse", h[-1], output[0][:, H:]))
    return worst(found)


def _otherwise_padded(case):
    """The case with other finite values past the ends, in x and in the output's cotangent; None where nothing is."""
    x, *rest = case.inputs
    past = np.arange(x.shape[0])[:, None] >= ends(case)
    if not past.any():
        return None

    def other(a):
        return a if a is None else np.where(past[:, :, None], np.where(a == 1, a + a, 1), a).astype(a.dtype)

    output, *last = case.cotangents
    return case.with_arrays((other(x), *rest, other(output), *last))


@law(rnn, lstm, gru)
def padding_is_not_seen(asked):
    """What stands in x past a sequence's end changes no bit of any result."""
    other = _otherwise_padded(asked.case)
    if other is None or not asked.case.finite or not asked.candidate.deterministic:
        return None
    return _unchanged(asked.operator.results, asked.forward, asked.on(other).forward)


@law(rnn, lstm, gru, needs="gradient")
def padding_has_no_gradient(asked):
    """Past a sequence's end dx is 0, and neither x nor the output's cotangent there changes a bit of any gradient."""
    other = _otherwise_padded(asked.case)
    if other is None or not asked.case.finite:
        return None
    dx, count = asked.vjp[0], ends(asked.case)
    for n in range(dx.shape[1]):
        _zero("dx", dx[count[n] :, n], "past the end")
    return _unchanged(asked.gradient_names, asked.vjp, asked.on(other).vjp) if asked.candidate.deterministic else EXACT


def _unchanged(names, before, after):
    for name, a, b in zip(names, before, after, strict=True):
        zero = a.dtype.type(0)  # the sign of a zero is free
        identical(name, a + zero, b + zero, "changed with values past a sequence's end")
    return EXACT


@law(rnn, lstm, gru, needs="gradient", every=2)
def gradients_add_over_the_batch(asked):
    """dx and the initial states' gradients are those of each sequence alone, the weights' are sums over sequences."""
    case = asked.case
    N = case.inputs[0].shape[1]
    if not judgeable(case) or N < 2:
        return None
    alone = [asked.on(_sequence(asked, n)).vjp for n in range(N)]
    states = len(case.operator.positions) - 2
    balls = list(zip(asked.gradient_names, asked.seen_gradient, asked.expected_gradient, strict=True))
    found = []
    for n, count in enumerate(ends(case)):
        own = slice(n, n + 1)
        places = ((slice(count), own), *((slice(None), own),) * states)
        found += [
            meet(f"{name} - {name} of sequence {n} alone", seen[place], around(value, expected[place]))
            for (name, seen, expected), value, place in zip(balls, alone[n], places, strict=False)
        ]
    for i, (name, seen, expected) in enumerate(balls[1 + states :], 1 + states):
        each = np.stack([gradients[i].astype(np.float64) for gradients in alone])
        total = around(np.sum(each, axis=0), expected)
        rounded = np.sum(np.abs(each), axis=0) * asked.arithmetic.u  # each sequence's part, on its way out
        found.append(meet(f"{name} - sum over sequences", seen, Ball(total.m, total.r + rounded, WIDE, total.any)))
    return worst(found)


@law(rnn, lstm, gru, needs="gradient", every=2)
def gradients_of_a_step_come_of_one_cotangent(asked):
    """After one step dw = db x, du = dd h_0, dx = db w; where no reset parts them (rnn, lstm) dd = db, dh_0 = dd u."""
    case = asked.case
    if not judgeable(case):
        return None
    x, states, weights = parts(case)
    n = case.seed % x.shape[1]
    own, H = slice(n, n + 1), states[0].shape[2]
    rng = np.random.Generator(np.random.SFC64(case.seed))
    cotangents = tuple(rng.standard_normal((1, 1, H)).astype(x.dtype) for _ in (x, *states))
    step = network(case, x[:1, own], tuple(s[:1, own] for s in states), weights[:4], cotangents, **NETWORK)
    dx, dh, *_, dw, du, db, dd = asked.on(step).seen_gradient
    x, h, w, u = (Ball.exact(a, WIDE) for a in (x[0, n], states[0][0, n], *weights[:2]))
    found = [
        meet("dweight_ih - dbias_ih x", dw, np.expand_dims(db, 1) * x),
        meet("dweight_hh - dbias_hh h0", du, np.expand_dims(dd, 1) * h),
        meet("dx - dbias_ih weight_ih", dx[0], np.expand_dims(db, 0) @ w),
    ]
    if asked.operator is not gru:
        found.append(meet("dbias_hh - dbias_ih", dd, db))
        found.append(meet("dh0 - dbias_hh weight_hh", dh[0], np.expand_dims(dd, 0) @ u))
    return worst(found)


# --- one step, read unit by unit ---------------------------------------------------------------------------------

OPEN, SHUT, IDLE = 1.0, -1.0, 0.0
FAR = 30.0  # sigmoid(2 * FAR) and tanh(2 * FAR) are 1


def probe(asked, gates, features=2):
    """Inputs of one step on chosen units. gates: for each gate, for each unit, what it does there: OPEN and SHUT
    saturate it by its biases, IDLE leaves it at 0, None lets it be read, moved by x, h_0 and both biases.
    """
    case, H = asked.case, len(gates[0])
    dtype, rng = DTYPES[case.dtype], np.random.Generator(np.random.SFC64(case.seed))
    setting = np.array([[np.nan if s is None else s for s in gate] for gate in gates]).reshape(-1)
    read = np.isnan(setting)
    draw = lambda *shape: rng.uniform(0.25, 1.0, shape) * rng.choice((-1.0, 1.0), shape)  # noqa: E731
    w, u = (np.where(read[:, None], draw(setting.size, n) / n, 0.0) for n in (features, H))
    b, d = (np.where(read, draw(setting.size), np.nan_to_num(setting) * FAR) for _ in range(2))
    return tuple(a.astype(dtype) for a in (draw(1, 1, features), draw(1, 1, H), w, u, b, d))


def lifted(asked, arrays):
    return [Ball.exact(a, asked.arithmetic) for a in arrays]


def preactivation(x, h, w, u, b, d):
    """x @ w.T + h @ u.T + b + d"""
    return x @ w.T + h @ u.T + b + d


def read_units(asked, inputs, names, formula, readings, attributes=None):
    """One step, whose states show one gate in each unit, against its formula; a fault is named by the reading of the
    arrays under which all units would be right.

    formula(weights, **reading) -> for each unit, the ball that its state must lie in; readings: (what it looks like,
    the arguments of the formula), the likeliest first. The candidate's answers: (result, unit) for each name.
    """
    case = asked.case
    states = len(case.operator.positions) - 2
    x, rest = inputs[0], inputs[1:]
    probed = network(case, x, rest[:states], rest[states:], **NETWORK, **(attributes or {}))
    results = asked.on(probed).forward
    units = [(name, results[1 + state][0, 0, unit], unit) for unit, (name, state) in enumerate(names)]

    def judged(**reading):
        with np.errstate(all="ignore"):
            balls = formula(**reading)
        return worst([agree(balls[unit], value, name) for name, value, unit in units])

    try:
        return judged()
    except Violation as fault:
        looks = next((text for text, reading in readings if _holds(judged, reading)), "no other reading explains it")
        raise Violation(
            fault.kind,
            f"{fault.message}: {looks}",
            place=fault.place,
            expected=fault.expected,
            got=fault.got,
            worst=fault.worst,
            call=probed,
            asked="forward",
        ) from None


def _holds(judged, reading):
    try:
        judged(**reading)
    except Violation:
        return False
    return True


def weight_readings(gates, w, u, b, d):
    """Other ways to take the weights of a step: what each would look like, and the weights that it amounts to."""

    def blocks(a, change):
        return np.concatenate([change(part) for part in np.split(a, len(gates))])

    def reordered(a, order):
        pieces = dict(zip(gates, np.split(a, len(gates)), strict=True))
        moved = dict(zip(order, pieces.values(), strict=True))
        return np.concatenate([moved[gate] for gate in gates])

    def taken(w=w, u=u, b=b, d=d):
        return {"weights": (w, u, b, d)}

    none = np.zeros_like(b)
    yield "weight_hh looks transposed", taken(u=blocks(u, np.transpose))
    yield "bias_hh looks left out", taken(d=none)
    yield "bias_ih looks left out", taken(b=none)
    yield "both biases look left out", taken(b=none, d=none)
    yield "bias_ih looks counted twice, bias_hh left out", taken(d=b)
    yield "bias_ih looks counted twice", taken(b=b + b)
    yield "bias_hh looks counted twice", taken(d=d + d)
    yield "both biases look counted twice", taken(b=b + b, d=d + d)
    yield "the biases look exchanged", taken(b=d, d=b)
    yield "the input looks ignored", taken(w=np.zeros_like(w))
    yield "the state looks ignored", taken(u=np.zeros_like(u))
    for order in list(itertools.permutations(gates))[1:]:
        own, recurrent = [reordered(a, order) for a in (w, b)], [reordered(a, order) for a in (u, d)]
        shown = ", ".join(order)
        yield f"the gates' order looks like {shown}", taken(own[0], recurrent[0], own[1], recurrent[1])
        yield f"the recurrent gates' order looks like {shown}", taken(u=recurrent[0], d=recurrent[1])


def _hard_sigmoid(x):
    return np.maximum(np.minimum(x / 6 + 0.5, 1.0), 0.0)


def activation_readings(**roles):
    """Other activations in each role (what it is called, which one is right)."""
    others = {name: functools.partial(activate, name) for name in ("identity", *ELEMENTWISE)}
    others["hard sigmoid"] = _hard_sigmoid
    for role, right in roles.items():
        for name, function in others.items():
            if name != right:
                yield f"the {role}'s activation looks like {name}", {role: function}


# --- many steps ------------------------------------------------------------------------------------------------

STEPS = 50  # beyond the blocks in which time is cut


def wire(asked, weights, states, **attributes):
    """A long sequence through units that hand on what they hold: the case, its cotangents those of the last states."""
    H, dtype = states[0].shape[2], states[0].dtype
    x = np.random.Generator(np.random.SFC64(asked.case.seed)).standard_normal((STEPS, 1, 2)).astype(dtype)
    last = tuple(np.arange(1, s.size + 1, dtype=dtype).reshape(s.shape) for s in states)
    cotangents = (np.zeros((STEPS, 1, H), dtype), *last)
    return asked.on(network(asked.case, x, states, weights, cotangents, **NETWORK, **attributes))


def saturated(asked):
    """A gate that is wide open."""
    return sigmoid(Ball.exact(np.array(2 * FAR), asked.arithmetic))


def carried(asked, value):
    """What such a gate multiplies at each of many steps."""
    return functools.reduce(np.multiply, [saturated(asked)] * STEPS, Ball.exact(value, asked.arithmetic))


def at_most(limit, values, name):
    """No element is larger in magnitude than its limit; NaN is not judged here."""
    return agree(limit, np.fmax(np.abs(values.astype(np.float64)), limit.m), name)


# --- the Elman network -------------------------------------------------------------------------------------------


@law(rnn, every=2)
def rnn_step_is_read_unit_by_unit(asked):
    """h_1 = f(x @ w.T + h_0 @ u.T + b + d), f = tanh or relu as named: a fault is named by what it looks like."""
    inputs = x, h, *weights = probe(asked, [[None] * 3])
    name = asked.case.attributes["nonlinearity"]
    f = ELEMENTWISE[name]

    def formula(weights=weights, step=f):
        return step(preactivation(*lifted(asked, (x, h, *weights))))[0, 0]

    readings = itertools.chain(weight_readings("h", *weights), activation_readings(step=name))
    return read_units(asked, inputs, [("h_1", 0)] * 3, formula, readings, {"nonlinearity": name})


def _turning(asked):
    """relu, no input, and recurrent weights that hand each unit's state to the next."""
    dtype = DTYPES[asked.case.dtype]
    w, u, none = np.zeros((3, 2), dtype), np.roll(np.eye(3, dtype=dtype), 1, axis=0), np.zeros(3, dtype)
    h0 = np.array([[[1, 20, 300]]], dtype)
    return wire(asked, (w, u, none, none), (h0,), nonlinearity="relu")


@law(rnn, every=4)
def relu_and_a_permutation_carry_the_state(asked):
    """Through relu, h_t = P h_(t-1) with a permutation P: over many steps h_T = P^T h_0, bit for bit."""
    other = _turning(asked)
    turned = np.roll(other.case.inputs[1], STEPS, axis=-1)
    return identical("h_n", turned, other.forward[1], f"the state must have moved {STEPS} times")


@law(rnn, needs="gradient", every=4)
def relu_and_a_permutation_carry_the_gradient(asked):
    """Through relu, h_t = P h_(t-1) with a permutation P: over many steps P^T dh_0 = dh_T, bit for bit."""
    other = _turning(asked)
    turned = np.roll(other.case.cotangents[1], -STEPS, axis=-1)
    return identical("dh0", turned, other.vjp[1], f"the cotangent must have moved {STEPS} times")
