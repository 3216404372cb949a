"""A case: one call of one operator, with everything that decides its outcome. Drawn, saved and loaded here.

Structure (shapes, attributes, layouts, the regime of values) is drawn by Hypothesis through choices that shrink; the
data itself is filled in bulk from a drawn seed, so that an example is cheap.
"""

import base64
import collections
import hashlib
import itertools
import math
import weakref
import zlib
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider

from ..refimpl.operator import DTYPES, Array, Operator, shape_of
from .layouts import LAYOUTS, REPEATS, repeated
from .values import COTANGENTS, EXACT, LINE, PLAIN, REGIMES, fill, fill_cotangent


@dataclass(frozen=True, eq=False)
class Case:
    """Inputs in the order of the operator's arrays, attributes, one cotangent for each result, and their layouts.

    `layouts` has one entry for each input, then for each cotangent. Arrays are never written to.
    """

    operator: Operator
    dtype: str
    inputs: tuple
    attributes: dict
    cotangents: tuple
    layouts: tuple
    regime: str = "given"
    seed: int = 0

    @property
    def arrays(self):
        return (*self.inputs, *self.cotangents)

    @property
    def finite(self):
        return all(np.isfinite(a.astype(np.float64)).all() for a in self.arrays if a is not None)

    def names(self):
        """How each array of `arrays` is called."""
        operator = self.operator
        count = len(operator.positions) - bool(operator.variadic)
        inputs = [
            operator.argument(i) if i < count else f"{operator.variadic}[{i - count}]" for i in range(len(self.inputs))
        ]
        results = list(operator.results)
        return (*inputs, *(("dy",) if len(results) == 1 else (f"d{r}" for r in results)))

    def with_arrays(self, arrays):
        """The same call on other arrays."""
        n = len(self.inputs)
        return replace(self, inputs=tuple(arrays[:n]), cotangents=tuple(arrays[n:]))

    @property
    def contiguous(self):
        """The same call with every array in the plain layout."""
        return replace(self, layouts=("contiguous",) * len(self.layouts))

    def varied(self, inputs, attributes, refilled):
        """The call on other arguments, if it is legal and may be made; None otherwise.

        refilled(dy, shape) is what a cotangent becomes where its result has another shape.
        """
        try:
            shapes = self.operator.result_shapes(inputs, attributes)
        except (ValueError, TypeError):
            return None
        if not is_drawn(self.operator, [None if a is None else a.shape for a in inputs], attributes):
            return None
        cotangents = tuple(
            dy if dy is None or dy.shape == shape else refilled(dy, shape)
            for dy, shape in zip(self.cotangents, shapes, strict=True)
        )
        return replace(self, inputs=tuple(inputs), attributes=attributes, cotangents=cotangents)


def put(arrays, i, array):
    """The arrays with another one at place i."""
    return tuple(array if j == i else a for j, a in enumerate(arrays))


# --- structure ---------------------------------------------------------------------------------------------------


@dataclass
class Structure:
    """Shapes of the arrays (None where absent) and attributes; array attributes are given as their shapes.

    `scale` draws weights from uniform(-scale, scale) / sqrt(fan-in) in every regime; `regimes` narrows the values.
    """

    shapes: list
    attributes: dict
    scale: float | None = None
    regimes: tuple = ()


_structures: dict[Operator, Any] = {}
left_out: dict[Operator, Any] = {}  # by operator: which cases are legal and not drawn; the sentence says why


def is_drawn(operator, shapes, attributes):
    """Whether such a legal call may be made at all."""
    return operator not in left_out or not left_out[operator](shapes, attributes)


def structure(*operators, leaves_out=None):
    """Register how the structure of these operators' cases is drawn, where axes and attributes depend on each other.

    leaves_out(shapes, attributes): whether a call is never made, for the reason that its sentence gives.
    """

    def register(function):
        for operator in operators:
            _structures[operator] = function
            if leaves_out:
                left_out[operator] = leaves_out
        return function

    return register


SMALL = (1, 2, 3, 4, 5)
STRADDLING = (7, 8, 9, 15, 16, 17, 31, 32, 33, 35, 63, 64, 65, 127, 128, 129, 255, 256, 257)
EVERY = "every axis"  # is long, and none very long
HUGE = 66_001  # elements of a large case: beyond 16 bits
LARGE_CASES = 8  # one case of so many is large: three of the 25 of a quick run


def deal(draw, name, options):
    """One of the options, the simplest first, from a deck of this name: few examples already see all of them."""
    low = zlib.crc32(name.encode())  # a range like no other
    return options[draw(st.integers(low, low + len(options) - 1)) - low]


def draw_attribute(draw, name, attribute, axes=1):
    """An attribute at one of its edges; one for each axis in two cases of three, where that is allowed."""
    if not attribute.per_axis:
        return deal(draw, name, attribute.edges)
    each = deal(draw, f"{name} of each axis", (False, True, True))
    values = tuple(deal(draw, f"{name} of axis {axis}", attribute.edges) for axis in range(axes))
    if not each:
        return values[0]
    return None if None in values else values


def draw_attributes(draw, operator, axes=1):
    """Each attribute at an edge; in one call of five all at their defaults, for which there are the most kernels."""
    plain = bool(operator.defaults) and deal(draw, "defaults", (False, False, False, False, True))
    return {
        name: operator.defaults[name] if plain and name in operator.defaults else draw_attribute(draw, name, spec, axes)
        for name, spec in operator.attributes.items()
        if not isinstance(spec, Array)
    }


def _general(draw, operator, large):
    """Sizes drawn for every name that the declared axes use, one or all of them often beyond a vector's width."""
    axes = [axis for spec in operator.arrays.values() for axis in spec.axes]
    named = {name: None for axis in axes for name in axis.factors if not name.isdigit()}
    many = {axis.many: None for axis in axes if axis.many}
    attributes = draw_attributes(draw, operator)
    sizes = {k: v for k, v in attributes.items() if type(v) is int}
    sizes.update(operator.derive({**operator.defaults, **attributes}) if operator.derive else {})
    named = [name for name in named if name not in sizes]
    names = (*named, *many)
    more = many if operator.elementwise else (EVERY,)
    long = deal(draw, "very long axis", names) if large else deal(draw, "long axis", (None, *names, *more))
    beyond = STRADDLING[:9] if long == EVERY else STRADDLING
    for name in named:
        sizes[name] = draw_few(draw) if large else draw_size(draw, name, name if long == EVERY else long, beyond)
    for name in many:
        rank = max(deal(draw, f"axes of {name}", (1, 2, 0, 3) if named else (1, 2, 3, 0, 4)), large)
        if large:
            sizes[name] = tuple(draw_few(draw) for _ in range(rank))
        else:
            of_each = [draw_size(draw, "" if axis else "N") for axis in range(rank)]
            if rank and long in (name, EVERY):
                of_each[draw(st.integers(0, rank - 1))] = deal(draw, f"{len(beyond)} sizes", beyond)
            sizes[name] = tuple(of_each)
    if not large and deal(draw, "axes alike", (False, False, False, False, True)):  # one might be taken for another
        same = deal(draw, "size of axes alike", SMALL[1:])
        sizes.update(dict.fromkeys(named, same), **{name: (same,) * len(sizes[name]) for name in many})
    if large:
        rest = sizes[long][1:] if long in many else None
        sizes[long] = 1 if rest is None else (1, *rest)
        length = HUGE // max(math.prod(shape_of(spec.axes, sizes)) for spec in operator.arrays.values())
        sizes[long] = length if rest is None else (length, *rest)
    shapes = []
    for spec in operator.arrays.values():
        absent = spec.optional and deal(draw, "absent", (False, True))
        shapes.append(None if absent else shape_of(spec.axes, sizes))
    for name, spec in operator.attributes.items():
        if isinstance(spec, Array):
            attributes[name] = None if deal(draw, name, (True, False)) else shape_of(spec.axes, sizes)
    return Structure(shapes, attributes)


def draw_few(draw):
    """The size of the other axes of a large case."""
    return deal(draw, "few", (1, 2))


def draw_size(draw, name, long=None, beyond=STRADDLING):
    """The size of an axis: small, beyond a vector's width if it is the long one; the batch axis N may be empty."""
    if name and name == long:
        return deal(draw, f"{len(beyond)} sizes", beyond)
    return deal(draw, f"size of {name}", (*SMALL, *SMALL, 0) if name == "N" else SMALL)


@st.composite
def cases(draw, operator, dtype, regimes=None):
    """A legal case of an operator at a dtype."""
    large = deal(draw, "large", (False,) * (LARGE_CASES - 1) + (True,))
    drawn = _structures.get(operator, _general)(draw, operator, large)
    attributes = dict(drawn.attributes)
    specs = [operator.declared(i) for i in range(len(drawn.shapes))]
    blank = [
        None if shape is None else np.broadcast_to(np.zeros((), "i8" if s.role == "label" else DTYPES[dtype]), shape)
        for s, shape in zip(specs, drawn.shapes, strict=True)
    ]
    assume(is_drawn(operator, drawn.shapes, attributes))
    plain_attributes = {k: None if isinstance(operator.attributes[k], Array) else v for k, v in attributes.items()}
    try:
        _, _, sizes = operator.admit(blank, plain_attributes)
    except ValueError:
        assume(False)
    allowed = regimes or drawn.regimes or [name for name in REGIMES if name not in operator.avoid]
    if large and regimes is None:
        line = operator.elementwise and LINE not in operator.avoid
        allowed = [LINE] if line else [name for name in allowed if name in PLAIN] or allowed
    empty = any(shape is not None and 0 in shape for shape in drawn.shapes)  # no card is wasted on it
    regime = allowed[0] if empty else deal(draw, "large regime" if large else "regime", allowed)
    kind = "integers" if regime in EXACT else deal(draw, "cotangents", COTANGENTS)
    laid = deal(draw, "layouts", ("plain", "all", "one", "repeated"))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.Generator(np.random.SFC64(seed))
    inputs = tuple(
        None if shape is None else fill(rng, spec, shape, sizes, regime, dtype, drawn.scale)
        for spec, shape in zip(specs, drawn.shapes, strict=True)
    )
    for name, spec in operator.attributes.items():
        if isinstance(spec, Array) and attributes.get(name) is not None:
            attributes[name] = fill(rng, spec, attributes[name], sizes, regime, dtype, None)
    cotangents = tuple(
        fill_cotangent(rng, shape, kind, regime, dtype) if spec.differentiable else None
        for shape, spec in zip(operator.result_shapes(inputs, attributes), operator.results.values(), strict=True)
    )
    given = [i for i, dy in enumerate(cotangents) if dy is not None]
    all_or_one = (*(None,) * (len(given) - 1), *given)
    if len(given) > 1 and (alone := deal(draw, "cotangent alone", all_or_one)) is not None:
        cotangents = tuple(dy if i == alone else None for i, dy in enumerate(cotangents))
    arrays = [*inputs, *cotangents]
    odd, repeats = rng.integers(len(arrays)), list(REPEATS)
    layouts = ["contiguous"] * len(arrays)
    for i in range(len(arrays)):
        back = i >= len(inputs) and (kind == "ones" or (laid == "repeated" and rng.random() < 0.5))  # as sums hand it
        if laid == "all" or (laid == "one" and i == odd):
            layouts[i] = str(rng.choice(LAYOUTS))
        elif back or (laid == "repeated" and i == odd):
            layouts[i] = str(rng.choice(repeats))
        if layouts[i] in REPEATS and arrays[i] is not None:
            arrays[i] = repeated(arrays[i], layouts[i]).copy()
    case = Case(operator, dtype, (), attributes, (), tuple(layouts), regime, seed)
    return replace(case, inputs=tuple(arrays[: len(inputs)]), cotangents=tuple(arrays[len(inputs) :]))


# --- what was visited --------------------------------------------------------------------------------------------


def facets(case):
    """What is special about a case, as (facet, value): attributes at their edges, regime, dtype, layouts."""
    found = {("regime", case.regime), ("dtype", case.dtype), *(("layout", layout) for layout in case.layouts)}
    for name, spec in case.operator.attributes.items():
        value = case.attributes[name]
        if isinstance(spec, Array):
            found.add((name, value is not None))
        else:
            found.update((name, v) for v in (value if isinstance(value, tuple) else (value,)) if v in spec.edges)
    return found


def pairs(case):
    """The values of different facets that it has together, two at a time."""
    return {frozenset(pair) for pair in itertools.combinations(facets(case), 2) if pair[0][0] != pair[1][0]}


def possible_pairs(operator, dtypes):
    """How many there are, counting each edge of each attribute."""
    regimes = len([name for name in REGIMES if name not in operator.avoid]) + operator.elementwise
    values = [2 if isinstance(spec, Array) else len(spec.edges) for spec in operator.attributes.values()]
    return sum(a * b for a, b in itertools.combinations([regimes, len(dtypes), len(LAYOUTS), *values], 2))


# --- draws that depend on the seed alone -------------------------------------------------------------------------


class Draws(HypothesisProvider):
    """Hypothesis's own draws, without constants taken from the source of imported modules, and dealt like cards.

    Hypothesis mixes in constants that it finds in local modules: the same seed would mean other cases in another
    folder, and a candidate's file would steer its own judge. Small ranges are dealt without replacement: the first
    draw of a range in an example has its own deck, the second another, so that a few examples visit every regime and
    edge.
    """

    decks: ClassVar[Any] = weakref.WeakKeyDictionary()

    def __init__(self, conjecturedata, /):
        super().__init__(conjecturedata)
        self.dealt = collections.Counter()

    def _maybe_draw_constant(self, choice_type, constraints, *, p=0.05):
        return None

    def draw_integer(self, min_value=None, max_value=None, *, weights=None, shrink_towards=0):
        if weights is not None or min_value is None or max_value is None or max_value - min_value > 64:
            return super().draw_integer(min_value, max_value, weights=weights, shrink_towards=shrink_towards)
        self.dealt[min_value, max_value] += 1
        place = (self.dealt[min_value, max_value], min_value, max_value)
        deck = self.decks.setdefault(self._random, {}).setdefault(place, [])
        if not deck:
            deck.extend(range(min_value, max_value + 1))
            self._random.shuffle(deck)
        return deck.pop()


BACKEND = "oplaws"
AVAILABLE_PROVIDERS[BACKEND] = Draws


def seed_of(seed, operator, dtype):
    """The seed of a group of cases: the same on every machine, in every process."""
    text = f"{seed}/{operator.name}/{dtype}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big")


# --- one file ----------------------------------------------------------------------------------------------------


def _encode_array(array, layout=None):
    if array is None:
        return None
    return {
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        **({"layout": layout} if layout else {}),
        "data": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode(),
        "values": np.array2string(array, threshold=200, separator=", ", floatmode="unique"),
    }


def _decode_array(entry):
    if entry is None:
        return None
    dtype = DTYPES.get(entry["dtype"]) or np.dtype(entry["dtype"])
    raw = np.frombuffer(base64.b64decode(entry["data"]), np.uint8)
    return raw.view(dtype).reshape(entry["shape"]).copy()


def _encode_attribute(value):
    if isinstance(value, np.ndarray):
        return {"array": _encode_array(value)}
    return list(value) if isinstance(value, tuple) else value


def _decode_attribute(value):
    if isinstance(value, dict):
        return _decode_array(value["array"])
    return tuple(value) if isinstance(value, list) else value


def to_json(case):
    """A case as plain data, whole: dtype by name, shape, layout, bytes, and readable values."""
    n = len(case.inputs)
    return {
        "operator": case.operator.name,
        "dtype": case.dtype,
        "regime": case.regime,
        "seed": case.seed,
        "inputs": [_encode_array(a, w) for a, w in zip(case.inputs, case.layouts[:n], strict=True)],
        "attributes": {k: _encode_attribute(v) for k, v in case.attributes.items()},
        "cotangents": [_encode_array(a, w) for a, w in zip(case.cotangents, case.layouts[n:], strict=True)],
    }


def from_json(entry, operator):
    """The case that `to_json` wrote; raises ValueError or KeyError where it is no such thing."""
    arrays = [*entry["inputs"], *entry["cotangents"]]
    return Case(
        operator,
        entry["dtype"],
        tuple(map(_decode_array, entry["inputs"])),
        {k: _decode_attribute(v) for k, v in entry["attributes"].items()},
        tuple(map(_decode_array, entry["cotangents"])),
        tuple("contiguous" if a is None else a.get("layout", "contiguous") for a in arrays),
        entry["regime"],
        entry["seed"],
    )
