"""The training lab in words: the picture's alternative text, the figures below it, and what went wrong."""

import math


def in_a_sentence(state, pairwise):
    """The picture in words, for those who cannot see it."""
    pairs = list(enumerate(zip(state["goodness_pos"], state["goodness_neg"]), start=1))
    if pairwise:
        layers = [
            f"layer {n}: positives minus negatives {pos - neg:.2f}" for n, (pos, neg) in pairs
        ]
    else:
        layers = [f"layer {n}: positives {pos:.2f}, negatives {neg:.2f}" for n, (pos, neg) in pairs]
        layers.append(f"threshold {state['threshold']:.1f}")
    best = max(range(10), key=state["digit_goodness"].__getitem__)
    return (
        f"Mean goodness, {'; '.join(layers)}. Validation accuracy {state['accuracy']:.1%} after {state['epochs_done']:.1f} epochs"
        + (f", your guess was {state['guess']:.0%}" if state["guess"] is not None else "")
        + f". Test image {state['digit']}, a {state['digit_label']}: the highest goodness is under label {best}, "
        f"{state['digit_goodness'][best]:.2f}; under its own it is {state['digit_goodness'][state['digit_label']]:.2f}."
    )


def figures(state, where, share):
    """Progress, time left, accuracy and loss as one line of HTML. where: such as "Epoch 1 of 10"; share: of the work that is done."""
    loss = "" if state["loss"] is None else ", ".join(f"{loss:.2f}" for loss in state["loss"])
    columns = [
        (180, f"Validation accuracy <b>{state['accuracy']:.1%}</b>"),
        (90, f"Loss {loss}" if loss else ""),
    ]
    if state["test_error"] is not None:
        columns.append(
            (0, f"Test error <b>{state['test_error']:.1%}</b> at step {state['test_error_step']}")
        )
    return in_columns(progress(state, where, share) + columns)


def progress(state, where, share):
    """The columns that tell where a training stands; see `figures`."""
    seconds = state["seconds_left"]
    left = (
        ""
        if seconds is None
        else f"about {math.ceil(seconds)} s left"
        if seconds < 100
        else f"about {seconds / 60:.0f} min left"
    )
    bar = f'<progress max="1" value="{share:.3f}" aria-label="Progress" style="width:100%"></progress>'
    return [(90, bar), (90, where), (70, f"step {state['step']}"), (95, left)]


def in_columns(columns):
    """Texts of so many pixels at least, `(width, HTML)` each, as one line of HTML."""
    spans = "".join(
        f'<span style="flex:0 0 auto; min-width:{width}px">{text}</span>' for width, text in columns
    )
    return f'<div style="display:flex; flex-wrap:wrap; gap:0 12px; font-variant-numeric:tabular-nums">{spans}</div>'


def diagnose(stats, watch, *, cure):
    """Return what is wrong as ("diverged" or "dead", in words, is there nothing to be had from going on?), or None.

    stats: losses and goodness of the last steps; watch: what was seen after them; cure: what helps besides a lower learning rate.
    """
    if not (stats.isfinite().all() and watch.finite):
        return (
            "diverged",
            f"Diverged: the numbers are no longer finite. Lower the learning rate, then {cure}.",
            True,
        )
    if not watch.dead:
        return None
    which = (
        f"Layer {watch.dead[0]} is"
        if len(watch.dead) == 1
        else f"Layers {' and '.join(map(str, watch.dead))} are"
    )
    why = f"every goodness is exactly 0, with no slope to learn from. Lower the learning rate, then {cure}."
    return (
        "dead",
        f"{which} dead: {why}",
        1 in watch.dead,
    )  # the layers above a dead first one see nothing either


def conclusion(epochs, accuracy, guess):
    """What to say when all is done."""
    right = "" if guess is None else f" {accuracy:.0%} are right, you guessed {guess:.0%}."
    return f"{'Epoch 1 is' if epochs == 1 else f'All {epochs} epochs are'} done.{right} Raise Epochs to go on."
