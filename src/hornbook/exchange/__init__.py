"""Courses in and out: what others keep their notebooks in becomes lessons and graders here."""
