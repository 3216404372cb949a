"""Candidates that guard the judge: `correct` ones must never be blamed, each `wrong` one must be caught.

Written from the contract alone, in plain NumPy; nothing here imports the suite.
"""
