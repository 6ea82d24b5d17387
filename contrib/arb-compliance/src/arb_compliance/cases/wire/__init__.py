"""Tier wire: what the plugin makes of recorded and documented messages, and of such as were changed on purpose.

In the order of the data: `said` compares what is decoded with what the samples say, `faults` the same of errors;
`shape` changes messages, `numbers` looks at sizes, times and sides, `bytes_` at frames as memory.
"""

from arb_compliance.cases.wire import bytes_, faults, numbers, said, shape

__all__ = ["bytes_", "faults", "numbers", "said", "shape"]
