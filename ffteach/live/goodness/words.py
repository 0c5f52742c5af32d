"""The goodness lab in words: the picture's alternative text, and the table of figures."""

from .picture import IDLE


def in_a_sentence(state):
    """The picture in words, for those who cannot see it."""
    return (
        f"{state['network'].capitalize()} network, layer {state['layer']}: mean goodness "
        f"{state['goodness_pos']:.2f} of {state['images']} positives, "
        f"{state['goodness_neg']:.2f} of as many negatives. Above them the curves of loss, "
        f"probability and slope for threshold {state['threshold']:.2f} and temperature "
        f"{state['temperature']:.2g}. Mean loss: positives {state['loss_pos']:.3f}, negatives "
        f"{state['loss_neg']:.3f}. Above the threshold: {state['above_pos']:.1%} of the positives, "
        f"{state['above_neg']:.1%} of the negatives; right answers {state['accuracy']:.1%}. "
        f"Still learning: {state['learning_pos']:.1%} of the positives, "
        f"{state['learning_neg']:.1%} of the negatives."
    )


def figures(state):
    """What the threshold does to the images, as an HTML table."""
    learning = f"still learning (slope above {IDLE:.0%} of 1/T)"
    head = ["", "mean loss", "above the threshold", "below", learning]
    rows = [
        [
            f"{kind}s",
            f"{state[f'loss_{short}']:.3f}",
            *(f"{state[f'{what}_{short}']:.1%}" for what in ("above", "below", "learning")),
        ]
        for kind, short in (("positive", "pos"), ("negative", "neg"))
    ]
    mean_loss = (state["loss_pos"] + state["loss_neg"]) / 2
    right = f"right answers <b>{state['accuracy']:.1%}</b>"
    rows.append(["both", f"{mean_loss:.3f}", right, "", f"{state['learning']:.1%}"])
    cell = '<td style="padding:0 20px 0 0; text-align:right">{}</td>'
    lines = "".join(f"<tr>{''.join(map(cell.format, row))}</tr>" for row in [head, *rows])
    return f'<table style="font-variant-numeric:tabular-nums; line-height:1.4">{lines}</table>'
