"""The mask lab in words: titles, the picture's alternative text, figures, and a verdict."""

import math

from ..shared.words import in_columns

NEARLY = 0.03  # this far from one half is still balanced: a thousand masks tell no better
UNEVEN = 0.15  # rim and centre differ by more: a mistake at the border, not only in the cut


def recipe_in_words(state):
    """What was done to the noise, such as "random bits, 8 blurs"."""
    if state["mask"] == "blur":
        return f"random bits, {state['blurs']} {'blur' if state['blurs'] == 1 else 'blurs'}"
    sizes = ", ".join(str(size) for size, _ in state["gaussians"])
    return f"uniform noise, Gaussian blurs with kernels of {sizes} pixels"


def a_or_an(digit):
    return f"{'an' if digit == 8 else 'a'} {digit}"


def titles(state, blurred):
    """Return for each stage the title above it and the line below. blurred: `(28, 28)`."""
    bits = state["mask"] == "blur"
    a, b = state["digits"]
    return {
        "noise": ("Random bits" if bits else "Uniform noise", "0 or 1" if bits else "from 0 to 1"),
        "blurred": (
            f"Blurred {state['blurs']} ×" if bits else "Three Gaussians",
            f"{blurred.min():.2f} to {blurred.max():.2f}, grey ½",
        ),
        "mask": (f"Mask: above {state['cut']:.2f}", f"{state['ones_shown']:.0%} ones"),
        "A": (f"Digit A, {a_or_an(a)}", "where mask is white"),
        "B": (f"Digit B, {a_or_an(b)}", "where it is black"),
        "hybrid": ("Hybrid", "A and B, stitched"),
    }


def in_a_sentence(state, masks, game):
    """The picture in words, for those who cannot see it; what the patch is stays a question."""
    a, b = state["digits"]
    return (
        f"From noise to a hybrid, seed {state['seed']}: {recipe_in_words(state)}, "
        f"padding {state['padding']}, cut at {state['cut']:.2f}; "
        f"a mask with {state['ones_shown']:.0%} ones; digit A, {a_or_an(a)}, where the mask is 1, "
        f"digit B, {a_or_an(b)}, where it is 0, and their hybrid. Of {masks} masks, "
        f"{state['neighbours_agree']:.1%} treat two neighbours alike; correlation length "
        f"{length_in_words(state)}. Ones: {state['ones']:.0%} of all pixels, "
        f"{state['ones_centre']:.0%} in the centre, {state['ones_rim']:.0%} at the rim. "
        f"Patch game: {game.size} by {game.size} pixels with {game.patch.mean():.0%} ink; from a "
        f"digit or from a hybrid? {game.right} of {game.asked} right so far."
    )


def length_in_words(state):
    length = state["correlation_length"]
    return (
        "none, nothing varies"
        if math.isnan(length)
        else "beyond the image"
        if math.isinf(length)
        else f"{length:.1f} pixels"
    )


def figures(state):
    """What was measured as one line of HTML."""
    ones = (
        f"Ones: whole <b>{state['ones']:.1%}</b>, centre <b>{state['ones_centre']:.1%}</b>, "
        f"rim <b>{state['ones_rim']:.1%}</b>"
    )
    return in_columns(
        [
            (200, f"Neighbours agree <b>{state['neighbours_agree']:.1%}</b>"),
            (230, f"Correlation length <b>{length_in_words(state)}</b>"),
            (330, ones),
        ]
    )


def verdict(state):
    """What to think of these masks, in a sentence."""
    whole, centre, rim = state["ones"], state["ones_centre"], state["ones_rim"]
    if math.isnan(state["correlation_length"]):
        digit = "A" if whole == 1 else "B"
        return (
            f'Every mask is the same: a "hybrid" is digit {digit} itself, and would be called '
            "negative."
        )
    if abs(rim - centre) > UNEVEN:
        digit = "B" if rim < centre else "A"
        return f"Not balanced: the rim shows digit {digit} more often than the centre does."
    if abs(whole - 0.5) > NEARLY:
        return f"Not balanced: digit {'B' if whole < 0.5 else 'A'} has the larger share everywhere."
    return "Balanced: at every place each digit shows in half of the masks."


def score(game):
    """The score of the game as HTML, with what guessing would reach."""
    if not game.asked:
        return "Digit or hybrid?"
    expected, spread = game.asked / 2, game.asked**0.5 / 2
    return f"<b>{game.right} of {game.asked}</b> right; guessing: {expected:g} ± {spread:.1f}"


def answered(game):
    """Whether the last answer was right, in a sentence."""
    answer, kind, _, labels, _ = game.last
    opening = "Right" if answer == kind else "No"
    what = (
        f"a {kind} of {' and '.join(map(a_or_an, labels))}"
        if kind == "hybrid"
        else (f"a real {labels[0]}")
    )
    return f"{opening}: that patch was cut from {what}. And the next one?"
