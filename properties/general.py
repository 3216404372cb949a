"""Laws of every operator. None of them names one: what applies follows from what an operator declares."""

import functools
import itertools
from dataclasses import replace

import numpy as np

from ..refimpl.operator import DTYPES, Array, Unjudged, shape_of
from . import ball
from .ball import WIDE, Ball, around
from .case import STRADDLING
from .law import EXACT, Violation, agree, blaming, identical, law, meet, worst
from .layouts import OWNED, REPEATS, VIEWS
from .values import REGIMES


def compared(operator):
    return not operator.random


@law(compared, compares=True)
def agreement(asked):
    """Every element of every result lies within the reference's ball, of its shape and dtype; integers bit for bit."""
    _judges_agree(asked.expected, asked.witnessed, asked.operator.results)
    named = zip(asked.expected, asked.forward, asked.operator.results, strict=True)
    return worst([agree(expected, value, name) for expected, value, name in named])


@law(compared, needs="gradient", compares=True)
def gradient_agreement(asked):
    """Every element of every gradient lies within the ball of the reference's gradient, finite inputs given."""
    if not asked.case.finite:
        return None
    _judges_agree(asked.expected_gradient, asked.witnessed_gradient, asked.gradient_names)
    named = zip(asked.expected_gradient, asked.vjp, asked.gradient_names, strict=True)
    return worst([agree(b, v, name) for b, v, name in named if b is not None and v is not None])


def _judges_agree(expected, witnessed, names):
    """The second witness lies within the reference's ball, or nobody may be judged by it."""
    for e, value, name in zip(expected, witnessed or (), names, strict=False):
        try:
            if e is not None and value is not None:
                agree(e, value, name)
        except Violation as v:
            message = (
                f"the judges disagree: {v.place} is {v.expected!r} to the reference, {v.got!r} to PyTorch in float64"
            )
            raise Violation("judges", message, place=v.place, expected=v.expected, got=v.got, worst=v.worst) from None


@law(compared, needs="gradient", every=3)
def gradient_by_mean_value(asked):
    """<dy, f(x + v) - f(x)> lies in <f'([x, x + v])^T dy, v>: the gradient against its own forward."""
    case = asked.case
    choices = [i for i, g in enumerate(asked.vjp) if g is not None and g.size]
    if not case.finite or not choices:
        return None
    rng = np.random.Generator(np.random.SFC64(case.seed))
    i = int(rng.choice(choices))
    end, segment, v = _segment(rng, case.inputs[i], asked.arithmetic)
    other = asked.on(case.with_arrays(_put(case.arrays, i, end)))
    inputs = tuple(segment if j == i else ball.lift(a, asked.arithmetic) for j, a in enumerate(case.inputs))
    slopes = ball.gradient(case.operator, inputs, case.attributes, case.cotangents, asked.arithmetic)[i]
    # the candidate's gradient here and the mean gradient both lie within the slopes: at most a diameter apart
    slope = around(asked.vjp[i], slopes)
    with np.errstate(all="ignore"):
        rise = _inner(case.cotangents, [p - q for p, q in zip(other.seen, asked.seen, strict=True)])
        run = np.sum(Ball(slope.m, 2 * slope.r, WIDE, slope.any) * Ball.exact(v, WIDE))
        return meet(f"<{asked.gradient_names[i]}, v>", rise, run)


def _segment(rng, x, arithmetic):
    """x + v in the dtype, |v| being 2^-16 of |x| or of the largest |x|; the ball between x and x + v; v itself."""
    wide = x.astype(np.float64)
    reach = np.where(rng.random(x.shape) < 0.5, np.abs(wide), np.abs(wide).max(initial=0.0) or 1.0)
    with np.errstate(over="ignore"):
        end = (wide + reach * rng.choice((-1.0, 1.0), x.shape) * 2.0**-16).astype(x.dtype)
    v = end.astype(np.float64) - wide
    middle = wide + v / 2
    return end, Ball(middle, np.abs(v) / 2 + np.abs(middle) * 2.0**-53, arithmetic), v


def _put(arrays, i, array):
    return tuple(array if j == i else a for j, a in enumerate(arrays))


def _inner(cotangents, values):
    """<dy, y>, over all results."""
    pairs = [(dy, y) for dy, y in zip(cotangents, values, strict=True) if dy is not None]
    return functools.reduce(np.add, [np.sum(y * Ball.exact(dy, WIDE)) for dy, y in pairs])


def affine(operator):
    return any(spec.affine for spec in operator.arrays.values()) and not operator.random


@law(affine, needs="gradient")
def adjoint(asked):
    """<dy, f(x) - f(0)> = <f'(x)^T dy, x> for an array x in which f is affine; exact on integers."""
    case = asked.case
    choices = [i for i, g in enumerate(asked.vjp) if g is not None and case.operator.declared(i).affine]
    if not case.finite or not choices:
        return None
    i = choices[case.seed % len(choices)]
    zero = asked.on(case.with_arrays(_put(case.arrays, i, np.zeros_like(case.inputs[i]))))
    with np.errstate(all="ignore"):
        rise = _inner(case.cotangents, [p - q for p, q in zip(asked.seen, zero.seen, strict=True)])
        run = np.sum(asked.seen_gradient[i] * Ball.exact(case.inputs[i], WIDE))
        return meet(f"<{asked.gradient_names[i]}, v>", rise, run)


@law(compared, needs="gradient", every=8)
def gradients_are_linear_in_the_cotangent(asked):
    """f'(x)^T dy = f'(x)^T a + f'(x)^T (c b) / c, where each element of dy is one of a or of b, and c = -2^k."""
    case = asked.case
    rng = np.random.Generator(np.random.SFC64(case.seed))
    c = -(2.0 ** int(rng.integers(-8, 9)))
    in_a = [rng.random(() if dy is None else dy.shape) < 0.5 for dy in case.cotangents]

    def weighed(shares):
        pairs = zip(case.cotangents, shares, strict=True)
        return asked.on(
            replace(case, cotangents=tuple(dy if dy is None else (dy * s).astype(dy.dtype) for dy, s in pairs))
        )

    with np.errstate(all="ignore"):
        a, b = weighed([np.where(m, 1.0, 0.0) for m in in_a]), weighed([np.where(m, 0.0, c) for m in in_a])
        if not case.finite or not b.case.finite:
            return None
        together = zip(asked.gradient_names, asked.seen_gradient, a.seen_gradient, b.seen_gradient, strict=True)
        return worst([meet(name, dx, da + db / c) for name, dx, da, db in together if dx is not None])


def bounded(operator):
    return any(np.isfinite([r.low, r.high]).any() for r in operator.results.values())


@law(bounded)
def ranges(asked):
    """Every result lies in its declared closed range, NaN apart: a probability in [0, 1], a tanh in [-1, 1]."""
    for (name, spec), value in zip(asked.operator.results.items(), asked.forward, strict=True):
        wide = value.astype(np.float64)
        outside = (wide < spec.low) | (wide > spec.high)
        if outside.any():
            index = tuple(map(int, np.argwhere(outside)[0]))
            raise Violation("value", f"{name}{list(index)} is {wide[index]!r}, outside [{spec.low}, {spec.high}]",
                            place=f"{name}{list(index)}", expected=f"[{spec.low}, {spec.high}]",
                            got=float(wide[index]))  # fmt: skip
    return EXACT


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
    other = asked.on(case.with_arrays(_put(case.arrays, i, varied)))
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
    others = [asked.on(case) for case in cases] if _handy(asked.case.inputs) else []
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
    equal = case.with_arrays(_put(case.arrays, j, case.inputs[i]))
    two = asked.on(replace(equal, layouts=("contiguous",) * len(case.layouts)))
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
        if size != old and _handy(inputs) and (other := case.varied(inputs, attributes, _integers(rng))):
            yield other


def _integers(rng):
    """How a cotangent is filled in another shape."""
    return lambda dy, shape: rng.integers(-4, 5, shape).astype(dy.dtype)


def _refilled(rng, array, shape):
    """Values of an array in another shape; zeros where it has none."""
    return rng.choice(array.reshape(-1), shape) if array.size else np.zeros(shape, array.dtype)


def _has_defaults(operator):
    return bool(operator.defaults) and not operator.random


@law(_has_defaults, every=5, compares=True)
def an_attribute_left_out_has_its_default(asked):
    """Attributes that are left out, as many as the candidate allows, have their declared defaults."""
    case, candidate = asked.case, asked.candidate
    if not _handy(case.inputs):
        return None
    given = case.attributes
    names = [name for name in given if name in case.operator.defaults and candidate.may_omit(case.operator.name, name)]
    for name in map(str, np.random.Generator(np.random.SFC64(case.seed)).permutation(names)):
        fewer = {k: v for k, v in given.items() if k != name}
        given = fewer if _refusal(case.operator, case.inputs, fewer) is None else given
    if len(given) == len(case.attributes):
        return None
    other = asked.on(replace(case, attributes=given))
    demanded = other.forward_reply.error.startswith(("TypeError", "KeyError"))  # by a function of any keywords
    if demanded:
        return None
    with blaming(other):
        return agreement(other)


def _handy(inputs):
    """Without a stride or a dilation a large case may become a huge one."""
    return sum(a.size for a in inputs if a is not None) < 20_000


def _batched(operator):
    """An axis N, or any number of axes of which the first may be empty."""
    specs = operator.arrays.values()
    return operator.elementwise or any(
        axis.token == "N" or axis.many in ("batch", "shape") for s in specs for axis in s.axes
    )


@law(_batched, every=2)
def an_empty_batch_is_legal(asked):
    """Cut to no samples, a call returns empty results, and parameter gradients that are zero."""
    if (empty := without_samples(asked)) is None:
        return None
    empty.forward  # noqa: B018  its form is judged as it is fetched
    if asked.differentiable:
        for name, dx in zip(asked.gradient_names, empty.vjp, strict=True):
            if dx is not None and dx.any():
                raise Violation(
                    "value", f"{name} of an empty batch is not zero", place=name, expected=0.0, got=float(dx.flat[0])
                )
    return EXACT


def without_samples(asked):
    """The call cut to no samples; None where it has no axis of samples, or may not be made."""
    case, operator = asked.case, asked.operator
    cut = [_none_of(a, operator.declared(i)) for i, a in enumerate(case.inputs)]
    attributes = {
        k: _none_of(v, operator.attributes[k]) if isinstance(v, np.ndarray) else v for k, v in case.attributes.items()
    }
    if all(a is b for a, b in zip(cut, case.inputs, strict=True)) or _refusal(operator, cut, attributes):
        return None
    shapes = operator.result_shapes(cut, attributes)
    dy = [
        np.zeros(shape, DTYPES[case.dtype]) if spec.differentiable else None
        for shape, spec in zip(shapes, operator.results.values(), strict=True)
    ]
    return asked.on(replace(case, inputs=tuple(cut), attributes=attributes, cotangents=tuple(dy)))


def _none_of(array, spec):
    """The array with none of its samples; itself where it has no axis of samples."""
    if array is None or not array.ndim:
        return array
    tokens = [axis.token for axis in spec.axes]
    if "N" in tokens:
        return np.take(array, [], tokens.index("N"))
    return array[:0] if spec.axes and spec.axes[0].many in ("batch", "shape") and array.ndim >= len(tokens) else array


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
        reached = case.operator(*_put(case.inputs, i, marked), **case.attributes)
    other = asked.on(case.with_arrays(_put(case.arrays, i, changed)))
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
    marked, changed = _put(case.cotangents, i, marked), _put(case.cotangents, i, changed)
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


@law()
def illegal_arguments_raise(asked):
    """Shapes that do not fit, attributes and labels out of range, unknown names: each raises an exception."""
    case, tried = asked.case, False
    for what, inputs, attributes in itertools.islice(_wrong(case), 3):
        tried = True
        reply = asked.ask(inputs, attributes, case.layouts)
        if reply.kind != "exception":
            accepted = replace(case, inputs=inputs, attributes=attributes)
            raise Violation("acceptance", f"{what} was accepted", place=what, expected="an exception",
                            got="a result", call=accepted)  # fmt: skip
    return EXACT if tried else None


def _wrong(case):
    """Calls that differ from a legal one in one place and must be refused: (what was changed, inputs, attributes).

    At each place it is mostly the nearest wrong value: the first step too far is what a check forgets.
    """
    rng = np.random.Generator(np.random.SFC64(case.seed))
    given = [i for i, a in enumerate(case.inputs) if a is not None]
    rng.shuffle(given)
    one_each = {case.operator.argument(i): i for i in given}.values()  # of many weights one
    absent = {n for n, v in case.attributes.items() if v is None and isinstance(case.operator.attributes[n], Array)}
    places = [
        *((name, None) for name in case.attributes if name not in absent),
        *((i, axis) for i in one_each for axis in (None, *range(case.inputs[i].ndim))),
    ]
    for at in rng.permutation(len(places)):
        changes = _changes(case, *places[at])
        if rng.random() < 1 / 3:  # not wrong by one, but altogether
            changes = reversed(list(changes))
        yield from itertools.islice((c for c in changes if _illegal(case.operator, *c[1:])), 1)


def _illegal(operator, inputs, attributes):
    refusal = _refusal(operator, inputs, attributes)
    return refusal is not None and not isinstance(refusal, Unjudged)


def _refusal(operator, inputs, attributes):
    """Why the reference refuses a call; None where it takes it. `Unjudged`: the contract leaves it open."""
    try:
        operator.admit(inputs, attributes)
    except (ValueError, TypeError) as error:
        return error
    return None


def _changes(case, argument, axis):
    """Calls with another value of an attribute, or another size of an input's axis, or another form or content."""
    if isinstance(argument, str):
        spec, value = case.operator.attributes[argument], case.attributes[argument]
        if isinstance(spec, Array):
            values = _out_of_range(case, spec, value)
        elif spec.beyond and type(value) is int:
            values = (*spec.illegal, *range(value + 1, value + 40), *spec.beyond)
            values = values[case.seed % (len(spec.illegal) + 1) :]  # not always the one below the least
        else:
            values = (*spec.illegal, *spec.edges)
        for other in values:
            shown = other.tolist() if isinstance(other, np.ndarray) else other
            yield f"{argument} = {shown!r}", case.inputs, {**case.attributes, argument: other}
        return
    array, name, spec = case.inputs[argument], case.names()[argument], case.operator.declared(argument)
    if axis is None:
        for other in _out_of_range(case, spec, array) if spec.role == "label" else ():
            yield f"{name} = {other.tolist()}", _put(case.inputs, argument, other), case.attributes
        flat = array.reshape(-1) if spec.role == "data" and array.ndim > 1 else None
        if flat is not None or spec.optional:
            what = "None" if flat is None else f"of shape {flat.shape}"
            yield f"{name} {what}", _put(case.inputs, argument, flat), case.attributes
    elif array.size:
        last = np.take(array, [-1], axis)
        for more in (1, 2, 3, 8, 40) if spec.role == "weight" and array.size < 10_000 else (1,):
            grown = np.concatenate([array, np.repeat(last, more, axis)], axis)
            yield f"{name} of shape {grown.shape}", _put(case.inputs, argument, grown), case.attributes
        none = np.take(array, [], axis)
        yield f"{name} of shape {none.shape}", _put(case.inputs, argument, none), case.attributes


def _out_of_range(case, spec, array):
    """One entry just above the greatest, just below the least, far from both, or what some frameworks ignore: each
    comes first in its turn.
    """
    _, _, sizes = case.operator.admit(case.inputs, case.attributes)
    for wrong in np.roll([spec.low + sizes[spec.below], spec.low - 1, 10**6, -100], case.seed % 4):
        if array.size:
            changed = array.copy()
            changed.flat[array.size // 2] = wrong
            yield changed
