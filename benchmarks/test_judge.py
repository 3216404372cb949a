"""How fast the judge is on its three hot paths: `python -m pytest benchmarks/test_judge.py`.

Drawing cases, running the reference on balls, judging by all laws; each of every operator in float32. A round is
`EXAMPLES` cases, the same ones in every round. `-k lstm` chooses, `--benchmark-group-by func` sorts by path.
"""

import contextlib

import numpy as np

from benchmarks.workloads import DTYPE, draw
from oplaws import properties
from oplaws.conformance.asked import Asked
from oplaws.conformance.candidate import Unusable, load
from oplaws.properties import ball
from oplaws.properties.law import Violation, registry
from oplaws.refimpl import operators

EXAMPLES = 10


# A hook, not pytest.mark: asv imports this file too, where there is no pytest.
def pytest_generate_tests(metafunc):
    choices = {"operator": operators.values(), "candidate": ("reference", "torch")}
    for argument in choices.keys() & set(metafunc.fixturenames):
        metafunc.parametrize(argument, choices[argument], ids=lambda value: getattr(value, "name", value))


def measure(benchmark, function, *arguments):
    """A round is an average already: few of them will do."""
    return benchmark.pedantic(function, arguments, rounds=3, warmup_rounds=1)


def drawn(operator):
    cases = []
    draw(operator, DTYPE, EXAMPLES, 0, cases.append)
    return cases


def test_draw(benchmark, operator):
    assert len(measure(benchmark, drawn, operator)) > 0


def test_balls_forward(benchmark, operator):
    cases, arithmetic = drawn(operator), ball.Arithmetic.of(DTYPE)
    measure(benchmark, lambda: [ball.forward(operator, c.inputs, c.attributes, arithmetic) for c in cases])


def test_balls_gradient(benchmark, operator):
    cases, arithmetic = drawn(operator), ball.Arithmetic.of(DTYPE)
    if operator.gradient is None:
        skip(f"{operator.name} has no gradient")
    measure(
        benchmark, lambda: [ball.gradient(operator, c.inputs, c.attributes, c.cotangents, arithmetic) for c in cases]
    )


def test_judge(benchmark, operator, candidate):
    """All laws, balls and the candidate's own time included; what fails fails in the tests, not here."""
    properties.load()
    try:
        candidate = load(candidate)
    except Unusable as reason:
        skip(str(reason))
    laws = [law for law in registry.values() if law.concerns(operator)]

    def judge():
        for number, case in enumerate(cases):
            asked = Asked(candidate, case)
            for law in laws:
                if number % law.every == 0:
                    with contextlib.suppress(Violation), np.errstate(all="ignore"):
                        law.judge(asked)

    cases = drawn(operator)
    measure(benchmark, judge)


def skip(reason):
    import pytest

    pytest.skip(reason)
