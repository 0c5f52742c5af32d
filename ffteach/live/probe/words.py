"""The probe lab in words: the picture's alternative text, and the figures with it."""

from ..shared.words import in_columns, progress


def percent(share):
    return "not measured yet" if share is None else f"{share:.1%}"


def in_a_sentence(state, within_pairs):
    """The picture in words, for those who cannot see it."""
    seen = zip(state["goodness_pos"], state["goodness_neg"], state["in_order"])
    layers = [
        f"layer {n}: digits {pos:.2f}, hybrids {neg:.2f}, {order:.0%} of the digits above "
        "their hybrid"
        for n, (pos, neg, order) in enumerate(seen, start=1)
    ]
    layers += [] if within_pairs else [f"threshold {state['threshold']:.1f}"]
    base = state["baselines"]
    change = f"{state['change']:.2f} of their length at the start."
    return (
        f"Mean goodness, {'; '.join(layers)}. Validation accuracy of the linear probe "
        f"{percent(state['accuracy'])} at step {state['probe_step']}; without training, raw pixels "
        f"{percent(base['raw_pixels'])}, untrained network {percent(base['untrained'])}. "
        f"Below, what training has changed in the weights of {state['units']} units of the first "
        f"layer: {change if state['step'] else 'nothing yet.'}"
    )


def figures(state, where, share):
    """Progress, time left, and accuracies as one line of HTML.

    where: such as "Epoch 1 of 10"; share: of the work that is done, 0..1.
    """
    gain = ""
    if state["accuracy"] is not None and None not in state["baselines"].values():
        points = 100 * (state["accuracy"] - max(state["baselines"].values()))
        gain = f"{points:+.1f} points to the better baseline"
    columns = [(160, f"Probe's accuracy <b>{percent(state['accuracy'])}</b>"), (0, gain)]
    if state["test_errors"]:
        errors = (
            "Test error <b>{forward_forward:.1%}</b>, raw pixels {raw_pixels:.1%}, "
            "untrained {untrained:.1%}"
        ).format(**state["test_errors"])
        columns.append((0, f"{errors} at step {state['test_error_step']}"))
    return in_columns(progress(state, where, share) + columns)
