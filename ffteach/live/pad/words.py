"""The digit pad in words: the picture's alternative text, and the figures with it."""

from ..shared.words import in_columns


def in_a_sentence(state):
    """The picture in words, for those who cannot see it."""
    overlay = f"label {state['label']} at strength {state['strength']:.1f}"
    if state["empty"]:
        return f"The pad is empty: no goodness to show. The overlay is {overlay}."
    layers = "; ".join(
        f"layer {n}: {', '.join(f'{value:.2f}' for value in row)}"
        for n, row in enumerate(state["goodness"], start=1)
    )
    mine = ", ".join(
        f"{value:.2f} in layer {n}" for n, value in enumerate(state["overlay_goodness"], start=1)
    )
    threshold = "" if state["threshold"] is None else f" Threshold {state['threshold']:.1f}."
    return (
        f"The drawn digit, centred. Goodness of the labels 0 to 9, {layers}. "
        f"The network says {state['answer']}. Your overlay, {overlay}: {mine}.{threshold}"
    )


def figures(state, total_steps):
    """Answer, overlay and progress as one line of HTML."""
    said = mine = ""
    if not state["empty"]:
        layers = enumerate(state["overlay_goodness"], start=1)
        mine = f"your overlay: {', '.join(f'layer {n} <b>{g:.2f}</b>' for n, g in layers)}"
        said = f"The network says <b>{state['answer']}</b>"
    return in_columns(
        [
            (160, said or "Nothing drawn yet"),
            (260, mine),
            (190, f"step {state['step']} of {total_steps}"),
        ]
    )
