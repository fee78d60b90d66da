"""Remembers: every verdict, and where each learner stands."""
