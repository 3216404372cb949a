"""Dropout: what each element may be, the mask shared by forward and gradient, and the rate by an exact binomial test.

Statistical laws have a false-alarm probability of at most ALPHA a case: with the 6,000 cases of a thorough run over both
operators and dtypes, 6e-11 in all. Their sample of N elements shows a rate off by one part in a hundred of p = 1/2 with
probability above 0.99.
"""

ALPHA = 1e-14
SAMPLE = 2**21


def _training(case):
    return case.attributes["training"]
