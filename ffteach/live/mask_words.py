"""The mask lab in words: titles, the picture's alternative text, the figures below it, and what is right or wrong with the masks."""

import math

NEARLY = 0.03  # a share of ones this far from one half is still balanced: a thousand masks tell no better at the centre
UNEVEN = 0.15  # the rim differs from the centre by more: a mistake at the border, and not only in the cut


def recipe_in_words(state):
    """What was done to the noise, such as "random bits, 8 blurs"."""
    if state["mask"] == "blur":
        return f"random bits, {state['blurs']} {'blur' if state['blurs'] == 1 else 'blurs'}"
    return f"uniform noise, Gaussian blurs with kernels of {', '.join(str(size) for size, _ in state['gaussians'])} pixels"


def a_or_an(digit):
    return f"{'an' if digit == 8 else 'a'} {digit}"


def titles(state, blurred):
    """Return for each stage of the picture the title above it and the line below. blurred: `(28, 28)`."""
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


def in_a_sentence(state, masks):
    """The picture in words, for those who cannot see it."""
    a, b = state["digits"]
    return (
        f"From noise to a hybrid, seed {state['seed']}: {recipe_in_words(state)}, padding {state['padding']}, cut at {state['cut']:.2f}; a mask with "
        f"{state['ones_shown']:.0%} ones; digit A, {a_or_an(a)}, where the mask is 1, digit B, {a_or_an(b)}, where it is 0, and their hybrid. Of {masks} masks, "
        f"{state['neighbours_agree']:.1%} treat two neighbours alike; correlation length {length_in_words(state)}. "
        f"Ones: {state['ones']:.0%} of all pixels, {state['ones_centre']:.0%} in the centre, {state['ones_rim']:.0%} at the rim."
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
    columns = (
        (200, f"Neighbours agree <b>{state['neighbours_agree']:.1%}</b>"),
        (230, f"Correlation length <b>{length_in_words(state)}</b>"),
        (
            330,
            f"Ones: whole <b>{state['ones']:.1%}</b>, centre <b>{state['ones_centre']:.1%}</b>, rim <b>{state['ones_rim']:.1%}</b>",
        ),
    )
    spans = "".join(
        f'<span style="flex:0 0 auto; min-width:{width}px">{text}</span>' for width, text in columns
    )
    return f'<div style="display:flex; flex-wrap:wrap; gap:0 12px; font-variant-numeric:tabular-nums">{spans}</div>'


def verdict(state):
    """What to think of these masks, in a sentence."""
    whole, centre, rim = state["ones"], state["ones_centre"], state["ones_rim"]
    if math.isnan(state["correlation_length"]):
        return f'Every mask is the same: a "hybrid" is {"digit A" if whole == 1 else "digit B"} itself, and would be called negative.'
    if abs(rim - centre) > UNEVEN:
        return f"Not balanced: the rim shows digit {'B' if rim < centre else 'A'} more often than the centre does."
    if abs(whole - 0.5) > NEARLY:
        return f"Not balanced: digit {'B' if whole < 0.5 else 'A'} has the larger part everywhere."
    return "Balanced: at every place each digit shows in half of the masks."
