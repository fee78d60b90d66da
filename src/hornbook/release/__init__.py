"""The learners' course: no solutions, nothing hidden, proven so before anybody has it, and in versions that stay."""
