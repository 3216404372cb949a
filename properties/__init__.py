"""What each operator obeys: the number system, the cases, the laws."""

import importlib
import pkgutil


def load():
    """Import every concept's file: importing it registers its laws and how its cases are drawn."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f".{module.name}", __name__)
