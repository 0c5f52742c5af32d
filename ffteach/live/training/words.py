"""The training lab in words: the picture's alternative text, and the figures with it."""

from ..shared.recipes import within_pairs
from ..shared.words import in_columns, progress


def in_a_sentence(state, paired):
    """The picture in words, for those who cannot see it."""
    pairs = list(enumerate(zip(state["goodness_pos"], state["goodness_neg"]), start=1))
    if paired:
        layers = [
            f"layer {n}: positives minus negatives {pos - neg:.2f}" for n, (pos, neg) in pairs
        ]
    else:
        layers = [f"layer {n}: positives {pos:.2f}, negatives {neg:.2f}" for n, (pos, neg) in pairs]
        layers.append(f"threshold {state['threshold']:.1f}")
    before = f" The run before, {state['ghost'][1]}." if state["ghost"] else ""
    guess = "" if state["guess"] is None else f", your guess was {state['guess']:.0%}"
    goodness, label = state["digit_goodness"], state["digit_label"]
    best = max(range(10), key=goodness.__getitem__)
    told = (
        f"Mean goodness, {'; '.join(layers)}. Validation accuracy {state['accuracy']:.1%} "
        f"after {state['epochs_done']:.1f} epochs{guess}."
    )
    if state["show"] is None:
        return f"{told}{before}"
    return (
        f"{told} Test image {state['digit']}, a {label}: the highest goodness is under label "
        f"{best}, {goodness[best]:.2f}; under its own it is {goodness[label]:.2f}.{before}"
    )


def run_in_words(training):
    """What a run was: its settings and how far it came."""
    threshold = "" if within_pairs(training.recipe) else f"threshold {training.threshold:.2g}, "
    rate = f"learning rate {training.learning_rate:.2g}"
    return f"in grey: {training.recipe.loss} loss, {threshold}{rate}, {training.step} steps"


def figures(state, where, share):
    """Progress, time left, accuracy and loss as one line of HTML.

    where: such as "Epoch 1 of 10"; share: of the work that is done, 0..1.
    """
    loss = "" if state["loss"] is None else ", ".join(f"{loss:.2f}" for loss in state["loss"])
    columns = [
        (180, f"Validation accuracy <b>{state['accuracy']:.1%}</b>"),
        (90, f"Loss {loss}" if loss else ""),
    ]
    if state["test_error"] is not None:
        error, step = state["test_error"], state["test_error_step"]
        columns.append((0, f"Test error <b>{error:.1%}</b> at step {step}"))
    return in_columns(progress(state, where, share) + columns)
