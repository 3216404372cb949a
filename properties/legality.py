"""Laws of which calls are legal: empty batches, attributes left out; and what must be refused.

None of them names an operator: what applies follows from what an operator declares.
"""

import itertools
from dataclasses import replace

import numpy as np

from ..refimpl.operator import DTYPES, Array, Unjudged
from .behaviour import handy
from .case import put
from .general import agreement
from .law import EXACT, Violation, blaming, law


def _has_defaults(operator):
    return bool(operator.defaults) and not operator.random


@law(_has_defaults, every=5, compares=True)
def an_attribute_left_out_has_its_default(asked):
    """Attributes that are left out, as many as the candidate allows, have their declared defaults."""
    case, candidate = asked.case, asked.candidate
    if not handy(case.inputs):
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
            yield f"{name} = {other.tolist()}", put(case.inputs, argument, other), case.attributes
        flat = array.reshape(-1) if spec.role == "data" and array.ndim > 1 else None
        if flat is not None or spec.optional:
            what = "None" if flat is None else f"of shape {flat.shape}"
            yield f"{name} {what}", put(case.inputs, argument, flat), case.attributes
    elif array.size:
        last = np.take(array, [-1], axis)
        for more in (1, 2, 3, 8, 40) if spec.role == "weight" and array.size < 10_000 else (1,):
            grown = np.concatenate([array, np.repeat(last, more, axis)], axis)
            yield f"{name} of shape {grown.shape}", put(case.inputs, argument, grown), case.attributes
        none = np.take(array, [], axis)
        yield f"{name} of shape {none.shape}", put(case.inputs, argument, none), case.attributes


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
