"""Ends the process before anything can be asked."""

ANSWER = """
import os
os._exit(0)
"""
