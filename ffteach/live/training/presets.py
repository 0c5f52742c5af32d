"""The training lab's presets: settings that show one thing within ten seconds."""

from ...recipe import Recipe
from ..shared.recipes import CONSTANT_RATE

SLOW_MOTION = Recipe(
    name="slow motion",
    about="goodness climbs to the threshold in a second and parts there; 90 % right soon after",
    learning_rate=3e-4,
    **CONSTANT_RATE,
    epochs=10,
)
FAST = SLOW_MOTION.but(
    name="as fast as it goes",
    about="a threshold where untrained goodness already is: 90 % right after about 130 steps",
    threshold=0.5,
    learning_rate=1e-3,
)
PRESETS = {
    preset.name: preset
    for preset in (
        SLOW_MOTION,
        FAST,
        FAST.but(
            name="threshold too high",
            about="positives and negatives ride up to it together, and only then begin to part",
            threshold=20.0,
        ),
        FAST.but(
            name="threshold too low",
            about="all that is left to learn is to make goodness small: both shrink, and digits "
            "are learnt slowly",
            threshold=0.0,
        ),
        FAST.but(
            name="learning rate too high",
            about="the first steps leap so far that every unit falls silent: goodness 0, with no "
            "slope to come back",
            threshold=0.0,
            learning_rate=0.1,
        ),
        FAST.but(
            name="pairwise loss",
            about="no threshold: each positive only has to beat its own negative, so look at the "
            "difference",
            threshold=2.0,
            loss="pairwise",
        ),
        FAST.but(
            name="hard negatives",
            about="after one epoch each negative is the wrong label that the network likes: fewer "
            "errors in the end",
            threshold=2.0,
            loss="pairwise",
            negatives="hard",
        ),
        FAST.but(
            name="layer by layer",
            about="greedy: the second layer waits until the first has had its two epochs",
            schedule="greedy",
            epochs=2,
        ),
    )
}


def find_preset(name):
    """Return the preset called `name`. Raises ValueError that names them all."""
    if name not in PRESETS:
        raise ValueError(f"preset={name!r}: choose one of {', '.join(map(repr, PRESETS))}")
    return PRESETS[name]
