"""Stand-ins of the far sides, for tests, benchmarks and the demo. Nothing of the product imports them."""
