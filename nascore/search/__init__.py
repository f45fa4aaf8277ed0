"""From a constraint target to the best subnets. NumPy and SciPy only: torch is never loaded."""
