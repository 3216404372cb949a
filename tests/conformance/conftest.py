"""What several files of these tests share."""

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest

from oplaws.conformance.engine import judge

FAULTY = Path(__file__).parents[2] / "examples" / "faulty"


@pytest.fixture(scope="session")
def faulty(tmp_path_factory):
    """Each of the examples' faults, judged as a user would: (report, output folder)."""
    found = {}
    for file in sorted(FAULTY.glob("*.py")):
        output = tmp_path_factory.mktemp(file.stem)
        laws = ["agreement", "gradient_agreement"]
        found[file.stem.split("_")[0]] = (
            judge(str(file), laws=laws, dtypes=["float32"], output=output, shrink=60),
            output,
        )
    return found


@pytest.fixture
def pasted():
    """Run the code of a counterexample: what it defined, and what it `printed`."""

    def run(code, **names):
        with contextlib.redirect_stdout(io.StringIO()) as printed, np.errstate(all="ignore"):
            exec(code, names)
        assert printed.getvalue()
        return {**names, "printed": printed.getvalue()}

    return run
