"""How long a test lets something take before it counts as hung.

How fast things are is measured by `make bench`, never by a test: a test only tells an end from none, on any machine however busy.
"""

HANG = 30.0
"""Seconds; what the tests guard against takes minutes or for ever."""
