"""Which recipes a panel can train, and what it changes about them."""

from ...layers import LOSSES

MOST_LAYERS = 4  # the pictures have room for no more
LARGEST_BATCH = 500  # a step must stay far below a tick
CONSTANT_RATE = {"rate_decay": "none"}  # so that the slider tells the truth
LOSS_NAMES = list(LOSSES)


def within_pairs(recipe):
    """Is each positive compared with its own negative, so that there is no threshold?"""
    return LOSSES[recipe.loss].within_pairs


def for_panel(recipe, *, hybrids=False):
    """Return the recipe with a constant learning rate and batches of at most 500.

    hybrids: are they the panel's kind of negatives? Raises ValueError if the panel cannot show it.

    >>> from ffteach import RECIPES
    >>> for_panel(RECIPES["quick"].but(batch_size=None)).batch_size
    500
    """
    layers = len(recipe.widths) - 1
    if (
        recipe.growth != "none"
        or (recipe.negatives == "hybrids") != hybrids
        or layers > MOST_LAYERS
    ):
        panel, kind = ("probe", "hybrids") if hybrids else ("training", "wrong labels")
        raise ValueError(
            f"the {panel} lab shows a fixed number of layers, at most {MOST_LAYERS}, "
            f"and {kind} as negatives: choose another recipe"
        )
    return recipe.but(
        **CONSTANT_RATE, batch_size=min(recipe.batch_size or LARGEST_BATCH, LARGEST_BATCH)
    )
