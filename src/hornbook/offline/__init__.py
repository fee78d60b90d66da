"""Practice without a network: a static site in whose pages Python itself runs, with a lesson's visible checks, words and hints.

Nothing is trusted there and nothing is signed: page, checks and learner's code are in one browser, and it is the learner's. What was
done leaves it as a notebook, which is graded like any other.
"""
