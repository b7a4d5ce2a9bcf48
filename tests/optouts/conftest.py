"""What opt-outs need: a far side that keeps a journal, one a module, and sentences in the source language."""

from tests.engine.conftest import english, far_side, running_gateway

__all__ = ["english", "far_side", "running_gateway"]
