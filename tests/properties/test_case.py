"""Cases: the same everywhere for a seed, every regime and edge met early, layouts that really vary, one file each."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest
from hypothesis import Phase
from hypothesis import strategies as st

from oplaws import properties
from oplaws.conformance.engine import Group
from oplaws.conformance.report import to_text
from oplaws.properties.case import Case, from_json, pairs, possible_pairs, structure, to_json
from oplaws.properties.layouts import LAYOUTS, lay
from oplaws.properties.values import LINE, REGIMES
from oplaws.refimpl import linear, lstm, operators
from oplaws.refimpl.operator import DTYPES, Array, data, integer, operator, result

properties.load()


def drawn(operator, dtype="float32", seed=0, examples=25):
    """The cases on which the judge would judge any candidate."""
    plan = SimpleNamespace(candidate=SimpleNamespace(offers_gradient=lambda name: True), seed=seed, examples=examples)
    found = []
    Group(plan, operator, dtype, []).stream(found.append, [Phase.generate])
    return found


def digest(cases):
    text = "".join(to_text(to_json(case)) for case in cases)
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture(scope="module")
def all_cases():
    return {name: drawn(o) for name, o in operators.items()}


def each_operator(function):
    return pytest.mark.parametrize("name", operators)(function)


# the seed alone decides

CHILD = """
import importlib.util, sys
import tests_of_cases as t
sys.stdout.write(t.digest(t.drawn(t.operators["linear"])) + " " + t.digest(t.drawn(t.operators["lstm"], "float64", 3)))
"""
CONSTANTS = "\n".join(f"c{i} = {i * 7919 + 0.12345}; s{i} = 'constant number {i}'" for i in range(300))


def in_another_process(folder, extra="", hash_seed="0"):
    shutil.copy(__file__, folder / "tests_of_cases.py")
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", extra + CHILD]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_seed_gives_the_same_cases_in_another_folder_process_and_hash_seed_beside_any_module(tmp_path):
    here = digest(drawn(operators["linear"])) + " " + digest(drawn(operators["lstm"], "float64", 3))
    (tmp_path / "foreign.py").write_text(CONSTANTS)
    assert in_another_process(tmp_path, hash_seed="1") == here
    assert in_another_process(tmp_path, "import foreign\n", hash_seed="2") == here


def test_a_candidate_file_full_of_constants_changes_no_case(tmp_path):
    from oplaws.conformance.candidate import load

    before = digest(drawn(linear))
    (tmp_path / "candidate.py").write_text(CONSTANTS + "\ndef linear(x, weight, bias=None): return x @ weight.T\n")
    load(str(tmp_path / "candidate.py"))
    assert digest(drawn(linear)) == before


def test_seeds_operators_and_dtypes_have_cases_of_their_own():
    one = [digest(drawn(*args)) for args in ((linear,), (linear, "float32", 1), (linear, "float64"), (lstm,))]
    assert len(set(one)) == 4


def test_fewer_examples_are_a_prefix():
    assert digest(drawn(linear, examples=10)) == digest(drawn(linear)[:10])


# everything worth drawing is drawn early


@each_operator
def test_25_examples_visit_every_regime_and_every_edge(name, all_cases):
    o, cases = operators[name], all_cases[name]
    assert len(cases) == 25
    assert {case.regime for case in cases} - {LINE} == set(REGIMES) - set(o.avoid)
    assert (LINE in {case.regime for case in cases}) == o.elementwise
    for attribute, spec in o.attributes.items():
        values = [case.attributes[attribute] for case in cases]
        if isinstance(spec, Array):
            assert {value is None for value in values} == {True, False}
            continue
        flat = {repr(v) for value in values for v in (value if isinstance(value, tuple) else (value,))}
        assert {repr(edge) for edge in spec.edges} <= flat
        assert any(isinstance(value, tuple) for value in values) == spec.per_axis
    for i, argument in enumerate(o.positions):
        if o.arrays[argument].optional:
            assert {case.inputs[i] is None for case in cases} == {True, False}


@each_operator
def test_every_drawn_case_is_legal_and_its_values_fit_their_roles(name, all_cases):
    o = operators[name]
    for case in all_cases[name]:
        _, _, sizes = o.admit(case.inputs, case.attributes)
        arrays = [(o.declared(i), a) for i, a in enumerate(case.inputs)]
        arrays += [(spec, case.attributes[k]) for k, spec in o.attributes.items() if isinstance(spec, Array)]
        for spec, array in arrays:
            if array is None:
                continue
            if spec.role in ("label", "length"):
                assert array.dtype.kind == "i"
                assert ((array >= spec.low) & (array < spec.low + sizes[spec.below])).all()
            else:
                assert array.dtype == DTYPES["float32"]
            if spec.role == "variance":
                assert not (array < 0).any()
            if spec.role == "probability":
                assert ((array >= 0) & (array <= 1)).all()
        with np.errstate(all="ignore"):
            results = o(*case.inputs, **case.attributes)
        results = results if isinstance(results, tuple) else (results,)
        for spec, y, dy in zip(o.results.values(), results, case.cotangents, strict=True):
            assert dy is None or (spec.differentiable and dy.shape == y.shape and dy.dtype == y.dtype)
        assert any(dy is not None for dy in case.cotangents) or not any(s.differentiable for s in o.results.values())
        assert len(case.layouts) == len(case.arrays) == len(case.names())


def test_the_batch_is_empty_now_and_then_and_an_axis_outgrows_a_vector(all_cases):
    sizes = {n for case in all_cases["linear"] for a in case.inputs if a is not None for n in a.shape}
    assert 0 in sizes
    assert max(sizes) > 16


def test_absent_cotangents_are_met(all_cases):
    assert any(dy is None for case in all_cases["lstm"] for dy in case.cotangents)


# regimes


@pytest.mark.parametrize(("dtype", "bits"), [("float64", 27), ("float32", 13), ("float16", 6), ("bfloat16", 5)])
def test_sharp_values_have_the_stated_bits(dtype, bits):
    cases = [case for case in drawn(linear, dtype, examples=60) if case.regime.startswith("sharp")]
    assert {case.regime for case in cases} == {"sharp", "sharp_cotangent"}
    for case in cases:
        x, weight, _ = case.inputs
        wide, narrow = (x, (weight, *case.cotangents))
        if case.regime == "sharp_cotangent":
            wide, narrow = case.cotangents[0], (x, weight)
        whole = np.abs(wide.astype(np.float64)).astype(np.int64)
        assert (whole % 2 == 1).all()
        assert ((whole >= 2 ** (bits - 1)) & (whole < 2**bits)).all()
        for array in narrow:
            assert set(np.unique(array.astype(np.float64))) <= {-1.0, 0.0, 1.0}


def test_regimes_are_what_their_names_say(all_cases):
    values = {regime: [] for regime in REGIMES}
    for name in ("mse_loss", "residual_block", "linear"):
        for case in all_cases[name]:
            values[case.regime].append(case.inputs[0].astype(np.float64).ravel())
    values = {regime: np.concatenate(found) for regime, found in values.items()}
    assert set(np.unique(values["integers"])) <= set(range(-4, 5))
    assert set(np.unique(values["ties"])) <= {0.0, 0.5}
    assert not values["zeros"].any()
    assert (values["positive"] >= 0).all()
    assert (np.abs(values["cancel"] - 1e3) < 10).all()
    assert np.abs(values["tiny"]).max(initial=0) < 1e-37
    assert np.abs(values["near_max"]).min(initial=1e30) >= 1e29
    assert (values["sparse"] == 0).any()


def test_special_values_are_drawn():
    cases = [case for case in drawn(linear, examples=100) if case.regime == "special"]
    x = np.concatenate([case.inputs[0].ravel() for case in cases])
    assert np.isnan(x).any()
    assert (x == np.inf).any()
    assert (x == -np.inf).any()
    assert any(not case.finite for case in cases)


# layouts


@pytest.mark.parametrize("shape", [(3, 4), (1, 4), (4, 1), (1, 1, 1), (2, 3, 4), (5,), (), (0, 3), (3, 0)])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_layout_changes_no_bit(layout, shape, dtype):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(DTYPES[dtype])
    if array.size:
        array.flat[-1] = np.nan
    laid = lay(array, layout)
    assert type(laid) is np.ndarray
    assert (laid.shape, laid.dtype, laid.tobytes()) == (array.shape, array.dtype, array.tobytes())
    assert not np.may_share_memory(laid, array)


def test_layouts_are_what_their_names_say():
    a = np.arange(12.0).reshape(3, 4)
    assert lay(a, "contiguous").flags.c_contiguous
    assert lay(a, "fortran").strides == (8, 24)
    assert lay(a, "negative").strides == (-32, -8)
    assert lay(a, "strided").strides == (64, 16)
    assert lay(a, "offset").strides == (56, 8)
    assert lay(a, "offset").base is not None
    assert not lay(a, "unaligned").flags.aligned
    assert not lay(a, "readonly").flags.writeable
    assert lay(a, "contiguous").flags.writeable
    same = np.ones((3, 4, 5, 2))
    assert lay(same, "broadcast").strides == (0, 80, 16, 8)
    assert lay(same, "expanded").strides == (32, 8, 0, 0)
    assert lay(same[:, :, 0, 0], "expanded").strides == (8, 0)
    assert lay(same[0, 0, 0], "expanded").strides == (0,)
    assert lay(None, "fortran") is None


def test_a_size_1_axis_really_has_other_strides():
    """NumPy calls both orders contiguous, so that copying a transpose would change nothing."""
    column, row = np.zeros((4, 1)), np.zeros((1, 4))
    assert lay(column, "fortran").strides == (8, 32) != lay(column, "contiguous").strides
    assert lay(row, "fortran").strides == (8, 8) != lay(row, "contiguous").strides


def test_a_single_value_may_be_unaligned_or_read_only():
    assert not lay(np.array(1.5), "unaligned").flags.aligned
    assert not lay(np.array(1.5), "readonly").flags.writeable


def test_an_array_that_cannot_be_broadcast_is_copied():
    """Equality is not enough: a zero has a sign, and NaN is not equal to itself."""
    signs = np.array([[0.0], [-0.0]])
    assert lay(signs, "broadcast").tobytes() == signs.tobytes()
    nans = np.full((2, 3), np.nan)
    assert lay(nans, "broadcast").strides[0] == 0


@pytest.mark.parametrize("name", ["linear", "conv2d", "lstm", "neuron"])
def test_inputs_and_cotangents_get_every_layout_in_a_few_examples(name):
    n = len(operators[name].positions)
    inputs, cotangents = set(), set()
    for case in drawn(operators[name], examples=300):
        inputs.update(case.layouts[:n])
        cotangents.update(case.layouts[len(case.inputs) :])
    assert inputs == cotangents == set(LAYOUTS)


@pytest.mark.parametrize(("layout", "axis"), [("broadcast", 0), ("expanded", -1)])
def test_what_is_laid_as_repeated_really_is(all_cases, layout, axis):
    found = [
        array
        for cases in all_cases.values()
        for case in cases
        for array, laid in zip(case.arrays, case.layouts, strict=True)
        if laid == layout and array is not None and array.ndim and array.size and array.shape[axis] > 1
    ]
    assert len(found) > 10
    assert all(lay(array, layout).strides[axis] == 0 for array in found)


# one file


def same_bits(a, b):
    return a is b is None or (a.shape, a.dtype, a.tobytes()) == (b.shape, b.dtype, b.tobytes())


@pytest.mark.parametrize("dtype", DTYPES)
@each_operator
def test_a_case_survives_its_file_bit_for_bit(name, dtype):
    for case in drawn(operators[name], dtype, examples=6 if dtype == "float32" else 2):
        again = from_json(json.loads(to_text(to_json(case))), operators[name])
        assert all(map(same_bits, case.arrays, again.arrays))
        assert len(case.inputs) == len(again.inputs)
        assert [k for k, a in zip(case.layouts, case.arrays, strict=True) if a is not None] == [
            k for k, a in zip(again.layouts, again.arrays, strict=True) if a is not None
        ]
        assert case.attributes.keys() == again.attributes.keys()
        for before, after in zip(case.attributes.values(), again.attributes.values(), strict=True):
            assert type(before) is type(after)
            assert same_bits(before, after) if isinstance(before, np.ndarray) else before == after
        kept = ("dtype", "regime", "seed", "operator")
        assert [getattr(case, k) for k in kept] == [getattr(again, k) for k in kept]


def test_special_values_absent_arrays_and_tuples_survive_the_file():
    for dtype in (*DTYPES.values(), np.dtype(np.int64)):
        x = np.array([[np.nan, -0.0], [np.inf, -np.inf]]) if dtype.kind != "i" else np.array([[2**62, -1]])
        x = x.astype(dtype)
        attributes = {"stride": (1, 2), "bias": None, "eps": 1e-5, "flag": True, "name": "mean", "of": np.array([3, 1])}
        case = Case(
            linear, "float64", (x, None), attributes, (None, x.T.copy()), ("fortran",) * 4, "special", 2**32 - 1
        )
        again = from_json(json.loads(to_text(to_json(case))), linear)
        assert all(map(same_bits, case.arrays, again.arrays))
        assert same_bits(again.attributes.pop("of"), attributes.pop("of"))
        assert again.attributes == attributes
        assert again.layouts == ("fortran", "contiguous", "contiguous", "fortran")
    assert ml_dtypes.bfloat16 in {
        a.dtype.type for a in drawn(linear, "bfloat16", examples=1)[0].inputs if a is not None
    }


def test_the_file_shows_readable_values():
    case = Case(linear, "float64", (np.array([0.1, 2.0]),), {}, (), ("contiguous",))
    assert to_json(case)["inputs"][0]["values"] == "[0.1, 2. ]"


# operators of one's own


@operator(
    x=data("N *spatial"), first=data("N K"), second=data("2*K", optional=True),
    k=integer(1, 1, 2, 3), returns={"y": result("N")}, source="a test",
    derive=lambda attributes: {"K": attributes["k"]},
)  # fmt: skip
def gathered(x, first, second=None, *, k=1):
    """Sums of rows; the size of an axis follows from an attribute."""
    return np.sum(first, axis=1)


def test_sizes_that_follow_from_attributes_do():
    for case in drawn(gathered):
        x, first, second = case.inputs
        assert first.shape == (len(x), case.attributes["k"])
        assert second is None or second.shape == (2 * case.attributes["k"],)
    assert {case.inputs[0].ndim for case in drawn(gathered)} == {1, 2, 3, 4}


def test_an_operator_of_the_same_name_as_another_has_its_own_structure():
    @operator(x=data("A B"), returns={"y": result("A B")}, source="a test")
    def conv2d(x):
        """Not the built-in one."""
        return x

    assert {len(case.inputs) for case in drawn(conv2d, examples=3)} == {1}


def test_a_structure_of_ones_own_decides_shapes_scale_and_regimes():
    from oplaws.properties.case import Structure, left_out

    @operator(x=data("A B"), returns={"y": result("A B")}, source="a test")
    def squared(x):
        """A square matrix."""
        return x

    def of_five(shapes, attributes):
        return shapes == [(5, 5)]

    @structure(squared, leaves_out=of_five)
    def square(draw, operator, large):
        return Structure([(n := draw(st.sampled_from((4, 5))), n)], {}, regimes=("ties", "zeros"))

    cases = drawn(squared, examples=10)
    assert left_out.pop(squared) is of_five
    assert {case.inputs[0].shape for case in cases} == {(4, 4)}
    assert {case.regime for case in cases} == {"ties", "zeros"}


def test_a_case_names_its_arrays():
    case = drawn(lstm, examples=1)[0]
    assert case.names()[:5] == ("x", "h0", "c0", "weights[0]", "weights[1]")
    assert case.names()[-3:] == ("doutput", "dh_n", "dc_n")
    assert drawn(linear, examples=1)[0].names()[-1] == "dy"


def test_pairs_are_counted_by_edges_regimes_dtypes_and_layouts(all_cases):
    """Of all pairs that there are, 25 cases visit a good part, and no pair beyond them."""
    for name, cases in all_cases.items():
        o = operators[name]
        visited = set().union(*map(pairs, cases))
        assert 0.2 < len(visited) / possible_pairs(o, ("float32",)) <= 1
        facets = {facet for pair in visited for facet, _ in pair}
        assert facets <= {"regime", "dtype", "layout", *o.attributes}
    one = set().union(*map(pairs, all_cases["sigmoid"][:1]))
    assert len(one) == 1 * 1 + 2 * len(set(all_cases["sigmoid"][0].layouts))
