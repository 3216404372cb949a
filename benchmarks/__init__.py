"""How fast: nothing of the suite imports this. Imported as `benchmarks`, from the root of the repository."""
