"""The judge is judged: no correct variant is ever blamed, every wrong one is caught by the quick profile.

Both tables are written from the contract alone (tests/variants). A variant in the first one that fails here is a false
alarm of a bound or of a law, or is no correct implementation; one in the second that passes is a hole in the laws.
"""

import zlib

import pytest

from oplaws import refimpl
from oplaws.conformance.engine import PROFILES, judge

from ..variants.correct import CORRECT
from ..variants.wrong import WRONG


def offered(functions):
    return [name for name in functions if name in refimpl.operators]


@pytest.mark.parametrize("label", CORRECT)
def test_correct_variants_are_never_blamed(label):
    """Each on cases of its own; the ordinary one on those on which the wrong ones are caught."""
    operators = offered(CORRECT[label])
    ordinary = label == "ordinary"
    examples = PROFILES["quick"] if ordinary else max(2, 9 // len(operators))
    report = judge(CORRECT[label], operators, examples=examples, seed=0 if ordinary else zlib.crc32(label.encode()))
    assert report.passed, f"\n{report}"


@pytest.mark.parametrize("label", WRONG)
def test_wrong_variants_are_caught(label):
    operator, functions, where = WRONG[label]
    report = judge(functions, [operator], profile="quick", fail_fast=True, shrink=False)
    assert not report.passed, f"escapes; it shows in: {where}"


def test_every_operator_has_a_correct_variant():
    assert {name for functions in CORRECT.values() for name in offered(functions)} == set(refimpl.operators)
