"""Laws of how a call behaves, whatever it computes: toward its arguments, other calls, memory layouts, other samples.

None of them names an operator: what applies follows from what an operator declares.
"""

import itertools
from dataclasses import replace

import numpy as np

from ..refimpl.operator import Array, shape_of
from .ball import around
from .case import STRADDLING, put
from .general import agreement, compared, gradient_agreement
from .law import EXACT, Violation, blaming, identical, law, meet, worst
from .layouts import OWNED, REPEATS, VIEWS
from .values import REGIMES


@law()
def inputs_unchanged(asked):
    """A call changes none of its inputs, cotangents and array attributes."""
    for reply, what in zip(asked.replies, ("forward", "gradient"), strict=False):
        for which in reply.changed:
            name = which if isinstance(which, str) else asked.names[which]
            raise Violation("mutation", f"{name} was changed by the {what} call", place=name, asked=what)
    return EXACT


@law()
def no_shared_memory(asked):
    """A result shares memory with no argument, unless declared (x itself in evaluation), of this call or an earlier."""
    operator = asked.operator
    for reply, what in zip(asked.replies, ("forward", "gradient"), strict=False):
        if reply.disturbed:
            raise Violation("aliasing", f"the {what} call changed what an earlier call was given or gave", asked=what)
        for result, argument in reply.shared:
            names = list(operator.results) if what == "forward" else asked.gradient_names
            name = names[result] if result < len(names) else str(result)
            given = asked.names[: len(asked.case.inputs)] if what == "forward" else asked.names
            other = given[argument] if argument < len(given) else "an array attribute"
            allowed = operator.results[name].alias if what == "forward" and name in operator.results else ()
            if not (other in allowed and asked.case.attributes.get("training") is False):
                raise Violation("aliasing", f"{name} shares memory with {other}", place=name, asked=what)
    return EXACT


@law()
def determinism(asked):
    """The same call gives the same bits twice, its gradient for cotangents of any magnitude too."""
    if not asked.candidate.deterministic:
        return None
    again = asked.again()
    for name, a, b in zip(asked.operator.results, asked.forward, again.forward, strict=True):
        identical(name, a, b, "the second call gave another result")
    if asked.differentiable:
        first = asked.on(_order_shows(asked.case)) if asked.case.seed % 2 else asked
        with blaming(first, "gradient"):
            for name, a, b in zip(asked.gradient_names, first.vjp, first.again().vjp, strict=True):
                identical(name, a, b, "the second call gave another gradient")
    return EXACT


def _order_shows(case):
    """The case with cotangents whose sums depend on the order in which they are added."""
    rng = np.random.Generator(np.random.SFC64(case.seed))
    cotangents = (dy if dy is None else REGIMES["wide"](rng, dy.shape).astype(dy.dtype) for dy in case.cotangents)
    return replace(case, cotangents=tuple(cotangents))


def _others(arrays):
    """Other legal contents for the same storage: values in another order, numbers halved as well."""
    for array in arrays:
        if array is None or array.dtype.kind in "iu":
            yield array if array is None else np.flip(array)
        else:
            yield np.asarray(np.flip(array) * array.dtype.type(0.5))


@law(every=3)
def no_memory_of_earlier_calls(asked):
    """Called again on the same storage with new contents: the new result, bit for bit; the earlier one stays."""
    after = asked.after(tuple(_others(asked.case.arrays)))
    seconds = after.forward, after.vjp if asked.differentiable else None  # before the storage of a plain call is free
    plain = asked.on(after.case)
    answers = [("result", asked.operator.results, plain.forward, seconds[0], after.forward_reply)]
    if asked.differentiable:
        answers.append(("gradient", asked.gradient_names, plain.vjp, seconds[1], after.vjp_reply))
    for what, names, fresh, second, reply in answers:
        if reply.disturbed:
            raise Violation("aliasing", f"an earlier {what} was changed by a later call")
        if asked.candidate.deterministic:
            for name, a, b in zip(names, fresh, second, strict=True):
                identical(name, a, b, f"another {what} where the same storage held other values before")
    return EXACT


@law(compared, every=2)
def memory_layout_changes_nothing(asked):
    """In other memory layouts (reversed axes, strides, offsets, odd addresses) a call gives the same, in its ball."""
    case = asked.case
    rng = np.random.Generator(np.random.SFC64(case.seed))
    found = []
    for layouts in rng.choice(["contiguous", OWNED, *VIEWS], (2, len(case.arrays))):
        other = asked.on(replace(case, layouts=tuple(map(str, layouts))))
        with blaming(other):
            found.append(_alike(asked.seen, other.forward, asked.expected, asked.operator.results))
        if asked.differentiable and case.finite:
            with blaming(other, "gradient"):
                found.append(_alike(asked.seen_gradient, other.vjp, asked.expected_gradient, asked.gradient_names))
    return worst(found)


def _alike(seen, values, expected, names):
    together = zip(names, seen, values, expected, strict=True)
    return worst([meet(name, ball, around(value, e)) for name, ball, value, e in together if ball is not None])


@law(compared, every=4, compares=True)
def one_element_makes_a_new_call(asked):
    """With an element changed, or two exchanged, the next call has its own result, and the gradient is as before."""
    case = asked.case
    places = [i for i, a in enumerate(case.inputs) if a is not None and a.size and a.dtype.kind not in "iu"]
    if not places:
        return None
    rng = np.random.Generator(np.random.SFC64(case.seed))
    i = int(rng.choice(places))
    asked.forward  # noqa: B018  the call before
    gradient = asked.vjp if asked.candidate.deterministic and asked.differentiable else ()
    varied = (_exchanged if rng.random() < 0.4 else _touched)(rng, case.inputs[i])[0]
    other = asked.on(case.with_arrays(put(case.arrays, i, varied)))
    with blaming(other):
        found = agreement(other)
    if gradient:
        for name, before, now in zip(asked.gradient_names, gradient, asked.again().vjp, strict=True):
            identical(name, before, now, "another gradient after a forward call on other values")
    return found


@law(compared, every=3, compares=True)
def attributes_are_not_remembered(asked):
    """Under other attributes, right after the case: their own result and gradient; then the case again, as before."""
    return _between(asked, _neighbours(asked.case))


def _of_declared_axes(operator):
    return compared(operator) and not operator.variadic


@law(_of_declared_axes, every=3, compares=True)
def sizes_are_not_remembered(asked):
    """With another size of one axis, right after the case: its own result and gradient; then the case, as before."""
    return _between(asked, itertools.islice(_resized(asked.case), 1))


def _between(asked, cases):
    """Each of these cases after the one at hand has its own result, the last ones their own gradient too.

    Then the gradient of the one at hand is what it was.
    """
    others = [asked.on(case) for case in cases] if handy(asked.case.inputs) else []
    if not others:
        return None
    asked.forward  # noqa: B018  the call before
    found = []
    for other in others:
        with blaming(other):
            found.append(agreement(other))
    for other in others[-2:] if asked.differentiable else ():
        with blaming(other, "gradient"):
            found.append(gradient_agreement(other))
    if asked.candidate.deterministic and asked.differentiable:
        for name, a, b in zip(asked.gradient_names, asked.vjp, asked.again_after(others[-1]).vjp, strict=True):
            identical(name, a, b, "another gradient after another call")
    return worst(found)


@law(compared, every=8)
def arguments_may_be_one_array(asked):
    """Two arguments of one shape that are the same array give what two equal arrays give."""
    case, declared = asked.case, asked.operator.declared
    places = [i for i, a in enumerate(case.inputs) if a is not None and a.size and a.dtype.kind not in "iu"]
    legal = [i for i in places if declared(i).role in ("data", "weight", "state")]
    pairs = [(i, j) for i, j in itertools.combinations(legal, 2) if case.inputs[i].shape == case.inputs[j].shape]
    if not pairs:
        return None
    i, j = pairs[case.seed % len(pairs)]
    equal = case.with_arrays(put(case.arrays, j, case.inputs[i]))
    two = asked.on(equal.contiguous)
    one = two.with_one(i, j)
    with blaming(two):
        found = [_alike(two.seen, one.forward, two.expected, asked.operator.results)]
    if asked.differentiable and two.case.finite:
        with blaming(two, "gradient"):
            found.append(_alike(two.seen_gradient, one.vjp, two.expected_gradient, asked.gradient_names))
    return worst(found)


def _neighbours(case):
    """The case with another value of each attribute in turn, then with any values of all, where that is legal."""
    rng, given = np.random.Generator(np.random.SFC64(case.seed)), case.attributes
    integers = _integers(rng)
    edges = {}
    for name, spec in case.operator.attributes.items():
        if not isinstance(spec, Array):
            mixed = [tuple(rng.choice(spec.edges, axes).tolist()) for axes in 3 * (1, 2, 3)] if spec.per_axis else []
            edges[name] = [*spec.edges, *mixed]
            rng.shuffle(edges[name])
    each = [[{name: value} for value in edges[name]] for name in map(str, rng.permutation(list(edges)))]
    all_of = [{name: values[rng.integers(len(values))] for name, values in edges.items()} for _ in range(8)]
    for choices in (*each, all_of):
        others = ({**given, **new} for new in choices if any(v != given[k] for k, v in new.items()))
        yield from itertools.islice(filter(None, (case.varied(case.inputs, a, integers) for a in others)), 1)


def _resized(case):
    """The case with another size of one axis, of each in turn, filled with values that it has."""
    operator, rng = case.operator, np.random.Generator(np.random.SFC64(case.seed))
    _, _, sizes = operator.admit(case.inputs, case.attributes)
    specs = [operator.declared(i) for i in range(len(case.inputs))]
    given = {*case.attributes, *(operator.derive(case.attributes) if operator.derive else ())}
    names = {name for spec in specs for axis in spec.axes for name in (*axis.factors, axis.many) if name in sizes}
    for name in map(str, rng.permutation(sorted(names - given))):
        size, old = int(rng.choice(STRADDLING)), sizes[name]
        if isinstance(old, tuple):
            place = rng.integers(max(len(old), 1))
            size = tuple(size if i == place else n for i, n in enumerate(old))
        other = {**sizes, name: size}
        inputs = tuple(
            a if a is None else _refilled(rng, a, shape_of(s.axes, other))
            for a, s in zip(case.inputs, specs, strict=True)
        )
        attributes = {
            k: _refilled(rng, v, shape_of(operator.attributes[k].axes, other)) if isinstance(v, np.ndarray) else v
            for k, v in case.attributes.items()
        }
        if size != old and handy(inputs) and (other := case.varied(inputs, attributes, _integers(rng))):
            yield other


def _integers(rng):
    """How a cotangent is filled in another shape."""
    return lambda dy, shape: rng.integers(-4, 5, shape).astype(dy.dtype)


def _refilled(rng, array, shape):
    """Values of an array in another shape; zeros where it has none."""
    return rng.choice(array.reshape(-1), shape) if array.size else np.zeros(shape, array.dtype)


def handy(inputs):
    """Without a stride or a dilation a large case may become a huge one."""
    return sum(a.size for a in inputs if a is not None) < 20_000


@law(compared, every=2)
def isolation(asked):
    """A change of one element changes no bit of a result that does not depend on it: other samples, earlier steps."""
    asked = _laid_alike(asked)
    case = asked.case
    places = [i for i, a in enumerate(case.inputs) if a is not None and a.size and a.dtype.kind not in "iu"]
    if not _repeatable(asked) or not places:
        return None
    rng = np.random.Generator(np.random.SFC64(case.seed))
    i = int(rng.choice(places))
    changed, marked = _touched(rng, case.inputs[i])
    with np.errstate(all="ignore"):
        reached = case.operator(*put(case.inputs, i, marked), **case.attributes)
    other = asked.on(case.with_arrays(put(case.arrays, i, changed)))
    return _unreached(case.operator.results, reached, asked.forward, other.forward, asked.names[i])


@law(compared, needs="gradient", every=2)
def gradient_isolation(asked):
    """A change of one element of a cotangent changes no bit of a gradient that does not depend on it."""
    asked = _laid_alike(asked)
    case = asked.case
    places = [i for i, dy in enumerate(case.cotangents) if dy is not None and dy.size]
    if not _repeatable(asked) or not places:
        return None
    rng = np.random.Generator(np.random.SFC64(case.seed))
    i = int(rng.choice(places))
    changed, marked = _touched(rng, case.cotangents[i])
    marked, changed = put(case.cotangents, i, marked), put(case.cotangents, i, changed)
    with np.errstate(all="ignore"):
        dy = marked if len(marked) > 1 else marked[0]
        reached = case.operator.gradient(dy, *case.inputs, **case.attributes)
    other = asked.on(case.with_arrays((*case.inputs, *changed)))
    return _unreached(asked.gradient_names, reached, asked.vjp, other.vjp, asked.names[len(case.inputs) + i])


def _laid_alike(asked):
    """No repeated entries: with one element such an array changes its strides too, and a kernel its path."""
    case = asked.case
    if REPEATS.keys().isdisjoint(case.layouts):
        return asked
    layouts = tuple("contiguous" if layout in REPEATS else layout for layout in case.layouts)
    return asked.on(replace(case, layouts=layouts))


def _repeatable(asked):
    return asked.candidate.deterministic and asked.case.finite and not asked.arithmetic.fast


def _touched(rng, array):
    """The array with another value at one place, and with NaN there, which shows where the place is felt."""
    ends = 0, array.size - 1, array.size - 1  # where a shortcut looks or stops
    flat = rng.choice([*ends, rng.integers(array.size)])
    at = tuple(map(int, np.unravel_index(flat, array.shape)))
    changed, marked = array.copy(), array.copy()
    other = array.flat[rng.integers(array.size)]
    changed[at] = other if other != array[at] else array[at] * array.dtype.type(0.5)
    marked[at] = np.nan
    return changed, marked


def _exchanged(rng, array):
    """The array with two elements exchanged, and the two places."""
    places = rng.integers(array.size, size=2)
    changed = array.copy()
    changed.flat[places] = array.flat[places[::-1]]
    return changed, places


def _unreached(names, reached, before, after, source):
    reached = reached if isinstance(reached, tuple) else (reached,)
    for name, mark, a, b in zip(names, reached, before, after, strict=True):
        if mark is not None and a is not None and b is not None:
            same = np.where(np.isnan(mark.astype(np.float64)), a, b)
            identical(name, a, same, f"changed with an element of {source} on which it does not depend")
    return EXACT
