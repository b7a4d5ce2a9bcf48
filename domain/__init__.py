"""Pure decisions: no Django, no I/O, no clock and no randomness (both are arguments)."""
