"""The probe lab in words: the picture's alternative text and the figures below it."""

from .training_words import in_columns, progress


def percent(share):
    return "not measured yet" if share is None else f"{share:.1%}"


def in_a_sentence(state, pairwise):
    """The picture in words, for those who cannot see it."""
    layers = [
        f"layer {n}: digits {pos:.2f}, hybrids {neg:.2f}, {order:.0%} of the digits above their hybrid"
        for n, (pos, neg, order) in enumerate(
            zip(state["goodness_pos"], state["goodness_neg"], state["in_order"]), start=1
        )
    ]
    layers += [] if pairwise else [f"threshold {state['threshold']:.1f}"]
    base = state["baselines"]
    return (
        f"Mean goodness, {'; '.join(layers)}. Validation accuracy of the linear probe {percent(state['accuracy'])} at step {state['probe_step']}; "
        f"without training, raw pixels {percent(base['raw_pixels'])}, untrained network {percent(base['untrained'])}. "
        f"Below, what training has changed in the weights of {state['units']} units of the first layer: "
        + (
            "nothing yet."
            if not state["step"]
            else f"{state['change']:.2f} of their length at the start."
        )
    )


def figures(state, where, share):
    """Progress, time left, and accuracies as one line of HTML; see `training_words.figures`."""
    gain = ""
    if state["accuracy"] is not None and None not in state["baselines"].values():
        gain = f"{100 * (state['accuracy'] - max(state['baselines'].values())):+.1f} points to the better baseline"
    columns = [(160, f"Probe's accuracy <b>{percent(state['accuracy'])}</b>"), (0, gain)]
    errors = state["test_errors"]
    if errors:
        columns.append(
            (
                0,
                "Test error <b>{forward_forward:.1%}</b>, raw pixels {raw_pixels:.1%}, untrained {untrained:.1%}".format(
                    **errors
                )
                + f" at step {state['test_error_step']}",
            )
        )
    return in_columns(progress(state, where, share) + columns)
