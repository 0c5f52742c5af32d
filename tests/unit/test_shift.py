"""Shifting, of a batch as a whole or of each image, and hidden pixels: the label stays in its ten
pixels, and hybrids follow."""

import pytest
import torch

from ffteach import Recipe, Split, overlay_label, train
from ffteach.shifts import randomly_shifted


def first_inputs(shift, steps=40, side=28, each=False):
    """The first layer's input as full rows `(2n, D)` in real pixels, for several batches of three
    images of one bright dot each."""
    images = torch.zeros(3, side * side)
    images[:, side * (side // 2) + side // 2] = 1.0
    recipe = Recipe(
        widths=(side * side, 4),
        shift=shift,
        shift_each=each,
        label_strength=2.0,
        batch_size=3,
        row_scale="unit-length",
    )
    run = train(recipe.network(), Split(images, torch.tensor([0, 4, 9])), recipe)
    for _ in range(steps):
        inputs = run.pairs(torch.arange(3), epoch=0).inputs
        rows = inputs.overlay.shared.x.repeat(2, 1)
        rows[:, :10] = inputs.codes.flatten(0, 1)
        yield (
            rows * (1 + 2.0**2) ** 0.5
        )  # undo the unit length: one dot of 1 and a label pixel of 2


def test_the_dot_visits_every_place_within_reach_and_no_other():
    seen = set()
    for rows in first_inputs(shift=1, steps=200):
        places = rows[:, 10:].argmax(dim=1) + 10
        assert (
            len(set(places.tolist())) == 1
        )  # the batch moves together, positives and negatives alike
        seen.add(places[0].item())
    centre = 28 * 14 + 14
    assert seen == {centre + 28 * down + right for down in (-1, 0, 1) for right in (-1, 0, 1)}


def test_the_label_does_not_move_and_the_row_keeps_its_length():
    for rows in first_inputs(shift=2):
        assert torch.allclose(rows.norm(dim=1), torch.full((6,), 5.0**0.5), atol=1e-5)
        assert rows[:3, :10].argmax(dim=1).tolist() == [0, 4, 9]
        assert (rows[3:, :10].argmax(dim=1) != torch.tensor([0, 4, 9])).all()


def test_without_shift_the_images_are_the_overlaid_ones():
    images = torch.zeros(3, 784)
    images[:, 28 * 14 + 14] = 1.0
    expected = overlay_label(images, torch.tensor([0, 4, 9]), 2.0)
    for rows in first_inputs(shift=0, steps=3):
        assert torch.allclose(rows[:3], expected, atol=1e-5)


def test_each_image_can_move_by_itself_and_its_pair_moves_with_it():
    seen, together = set(), 0
    for rows in first_inputs(shift=1, steps=200, each=True):
        places = rows[:, 10:].argmax(dim=1) + 10
        assert torch.equal(places[:3], places[3:])
        seen.update(places.tolist())
        together += len(set(places.tolist())) == 1
    centre = 28 * 14 + 14
    assert seen == {centre + 28 * down + right for down in (-1, 0, 1) for right in (-1, 0, 1)}
    assert together < 20  # three independent draws from nine places agree in 1 of 81


def test_an_image_that_moves_by_itself_keeps_its_shape_as_roll_would():
    images = torch.rand(50, 784, generator=torch.Generator().manual_seed(0))
    moved = randomly_shifted(images, 2, each=True, generator=torch.Generator().manual_seed(0))
    rolls = [
        images.view(-1, 28, 28).roll((down, right), dims=(1, 2)).flatten(1)
        for down in range(-2, 3)
        for right in range(-2, 3)
    ]
    assert all(any(torch.equal(moved[i], roll[i]) for roll in rolls) for i in range(50))


@pytest.mark.parametrize(
    "settings", [dict(shift=2), dict(shift=2, shift_each=True), dict(pixel_dropout=0.3)]
)
def test_hybrids_are_mixed_from_the_images_as_the_batch_shows_them(settings):
    images = torch.rand(50, 784, generator=torch.Generator().manual_seed(0)) + 0.1
    recipe = Recipe(widths=(784, 4), negatives="hybrids", **settings)
    run, shown = train(recipe.network(), Split(images, torch.arange(50) % 10), recipe), []

    def watched(batch, *, generator):
        shown.append(batch)
        return batch.flip(0)

    run.pairs.draw = watched
    for _ in range(2):
        positives, negatives = run.pairs(torch.arange(50), epoch=0).inputs.x.chunk(2)
        assert torch.equal(negatives, positives.flip(0)) and torch.equal(
            positives, run.net.layers[0].rescale(shown[-1])
        )
    assert not torch.equal(shown[0], images) and not torch.equal(*shown)


@pytest.mark.parametrize("settings", [dict(shift=1), dict(pixel_dropout=0.1)])
def test_hybrids_that_never_change_cannot_follow_images_that_do(settings):
    with pytest.raises(ValueError, match="fresh_negatives=True"):
        Recipe(negatives="hybrids", fresh_negatives=False, **settings)
    Recipe(negatives="uniform", fresh_negatives=False, **settings)


@pytest.mark.parametrize("settings", [dict(shift=1), dict(pixel_dropout=0.3)])
def test_a_greedy_layer_above_the_first_still_sees_other_pixels_each_time(settings):
    images = torch.rand(50, 784, generator=torch.Generator().manual_seed(0))
    recipe = Recipe(
        widths=(784, 4, 3),
        schedule="greedy",
        epochs=1,
        fresh_negatives=False,
        batch_size=50,
        **settings,
    )
    run = train(recipe.network(), Split(images, torch.arange(50) % 10), recipe)
    list(run)
    seen = [run._first_inputs(torch.arange(50)).inputs for _ in range(2)]
    first, second = ([h for _, _, h, _ in run._activities(x, upto=1)][-1] for x in seen)
    assert not torch.equal(first, second)
