"""Life on a grid: count neighbours, take one step, keep a film."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hornbook.grading import same

WORLDS = arrays(np.int64, st.tuples(st.integers(3, 7), st.integers(3, 7)), elements=st.integers(0, 1))
GLIDER = np.array([[0, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0], [1, 1, 1, 0, 0, 0], *[[0] * 6] * 4])


def counted(world):
    """Return the number of living neighbours, by visiting every square."""
    rows, columns = world.shape
    around = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if (down, right) != (0, 0)]
    count = np.zeros_like(world)
    for row, column in np.ndindex(rows, columns):
        count[row, column] = sum(world[(row + down) % rows, (column + right) % columns] for down, right in around)
    return count


def followed(world):
    """Return the next generation: one lives with 3 neighbours, or with 2 if one lived before."""
    count = counted(world)
    return np.where(count == 3, 1, np.where(count == 2, world, 0))


@pytest.mark.exercise("neighbours")
def test_around_one_square(submission):
    """A lonely square is the neighbour of the eight around it, and not of itself"""
    world = np.zeros((4, 5), dtype=int)
    world[1, 2] = 1
    expected = np.array([[0, 1, 1, 1, 0], [0, 1, 0, 1, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0]])
    assert same(submission.neighbours(world), expected, dtype=False)


@pytest.mark.exercise("neighbours")
def test_round_the_edges(submission):
    """A square in the corner has neighbours on the opposite sides"""
    world = np.zeros((4, 5), dtype=int)
    world[0, 0] = 1
    expected = np.array([[0, 1, 0, 0, 1], [1, 1, 0, 0, 1], [0, 0, 0, 0, 0], [1, 1, 0, 0, 1]])
    assert same(submission.neighbours(world), expected, dtype=False)


@pytest.mark.exercise("neighbours", points=2, hidden=True)
@settings(max_examples=30)
@given(WORLDS)
def test_neighbours_in_any_world(submission, world):
    """In any world, wide or tall, every square counts its neighbours rightly"""
    assert same(submission.neighbours(world), counted(world), dtype=False)


@pytest.mark.exercise("step")
def test_a_blinker_blinks(submission):
    """Three squares in a row become three in a column"""
    world = np.zeros((5, 6), dtype=int)
    world[2, 1:4] = 1
    expected = np.zeros((5, 6), dtype=int)
    expected[1:4, 2] = 1
    came = submission.step(world)
    assert same(came, expected, dtype=False)
    assert came.dtype.kind != "b", "The squares came as True and False; the next generation is an array of 0 and 1, as the first is."


@pytest.mark.exercise("step", points=2, hidden=True)
@settings(max_examples=30)
@given(WORLDS)
def test_any_world_goes_on(submission, world):
    """Any world goes on by Conway's rules, crowded or empty"""
    assert same(submission.step(world), followed(world), dtype=False)


@pytest.mark.exercise("step", hidden=True)
def test_a_glider_glides(submission):
    """After four generations a glider is one square further down and to the right"""
    world = GLIDER
    for _ in range(4):
        world = submission.step(world)
    assert same(world, np.roll(GLIDER, (1, 1), axis=(0, 1)), dtype=False)


@pytest.mark.exercise("film")
@pytest.mark.needs("step")
def test_a_film_of_one_generation(submission):
    """A film of one generation has two pictures: the world, and the world after it"""
    world = np.zeros((5, 5), dtype=int)
    world[1:4, 2] = 1
    assert same(submission.film(world, 1), [world, world.T], dtype=False)


@pytest.mark.exercise("film", hidden=True)
@pytest.mark.needs("step")
@settings(max_examples=20)
@given(world=WORLDS, generations=st.integers(0, 5))
@example(world=GLIDER, generations=3)
def test_any_film(submission, world, generations):
    """Every picture of a film is the generation it should be, and a film may have only one"""
    expected = [world]
    for _ in range(generations):
        expected.append(followed(expected[-1]))
    assert same(submission.film(world, generations), expected, dtype=False)
