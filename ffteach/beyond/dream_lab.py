"""The dream lab: a network learns characters, and what it dreams grows nearer to the text."""

import time

import ipywidgets as widgets
import torch

from ..checks import check_counts, check_positive, check_seed, trouble_in
from ..layers import goodness
from ..live.shared.controls import rounded, small
from ..live.shared.panel import SLIDER, Panel
from ..live.shared.scene import axes, goodness_axes, goodness_end, goodness_legend, level, line
from ..live.shared.words import in_columns
from .sequences import (
    RECIPE,
    SYMBOLS,
    SequenceNet,
    SequenceTraining,
    decode,
    draw,
    dream,
    encode,
    load_fables,
    share_right,
    windows,
)

KINDS = {"none: layers stay random": None, "real, last one drawn": "teacher", "dreams": "dream"}
PHASES = (1, 3, 10, 30, 100, 300)
HEADING = "What it dreams, from the same start and with the same draws:"
START, LENGTH, LINES = "the fox and the ", 62, 6  # of what is shown of its dreams
LOOKED_AT, EPOCHS = 300, 20  # validation windows for a picture; of the text
EVERY = 20  # steps from point to point of the curve, and from dream to dream


class DreamLab(Panel):
    """Watch a network dream while it learns; choose its negatives and how long it stays awake.

    negatives: None, "teacher" or "dream"; length: characters of a dream, 1..50; phase: 1, or as
    many steps on positives and then on negatives, one of 3, 10, 30, 100, 300; learning_rate:
    1e-5..0.1. All act on the next step. Raises ValueError for anything else. `run(steps)` trains
    from code; `training` and `state` tell the rest.

    >>> DreamLab("dream", phase=10).run(5)["step"]
    5
    """

    SIZE = 840, 330

    def __init__(
        self,
        negatives="teacher",
        *,
        length=50,
        phase=1,
        learning_rate=3e-3,
        seed=0,
        presenter=False,
    ):
        for name, value, choices in (
            ("negatives", negatives, tuple(KINDS.values())),
            ("phase", phase, PHASES),
        ):
            if isinstance(value, bool) or value not in choices:
                raise ValueError(f"{name}={value!r}: choose one of {choices}")
        check_counts(length=(length, 1, 50))
        check_positive(learning_rate=learning_rate)
        if not 1e-5 <= learning_rate <= 0.1:
            raise ValueError(f"learning_rate={learning_rate!r}: expected a number in 1e-5..0.1")
        self.seed, self.text = check_seed(seed), load_fables()
        self.negatives, self.phase = (
            widgets.Dropdown(options=options, value=value, description=name, **small("auto"))
            for options, value, name in (
                (KINDS, negatives, "Negatives"),
                (PHASES, phase, "Steps awake, then asleep"),
            )
        )
        self.length = widgets.IntSlider(
            length, min=1, max=50, description="Characters of a dream", **SLIDER
        )
        self.learning_rate = widgets.FloatLogSlider(
            learning_rate, min=-5, max=-1, step=0.1, readout_format=".2g",
            description="Learning rate", **SLIDER,
        )  # fmt: skip
        controls = [self.negatives, self.phase, self.length, self.learning_rate]
        super().__init__(
            [],
            controls,
            name="ff-dream-lab",
            trains=True,
            presenter=presenter,
            essential=controls,
        )
        for control, css in zip(controls, ("negatives", "phase", "length", "rate")):
            self.follow(control, f"ff-{css}", lambda value: self._set())
        self.restart()
        self.draw()

    @property
    def arguments(self):
        names = "negatives", "length", "phase"
        values = {name: getattr(self, name).value for name in names}
        return {**values, "learning_rate": rounded(self.learning_rate.value), "seed": self.seed}

    def restart(self):
        self.net = SequenceNet(RECIPE.widths, generator=torch.Generator().manual_seed(self.seed))
        recipe = RECIPE.but(epochs=EPOCHS, rate_decay="none")
        self.training = SequenceTraining(self.net, self.text, recipe, seed=self.seed)
        self._set()
        self.curve, self.dreams = [], []  # (step, share right); (step, text)
        self.end = 1.5  # of the goodness axis
        self._look()
        self.say("Untrained. Train: what it dreams changes while it learns.")

    def advance(self, seconds, steps):
        end, taken = time.perf_counter() + seconds, 0
        while taken < steps and (record := next(self.training, None)):
            taken, last = taken + 1, record
            if time.perf_counter() >= end:
                break
        if not taken:
            self.stop("All epochs are done.")
            return 0
        self._look()
        if self.negatives.value and (trouble := trouble_in(last.stats[1].sum().item())):
            self.stop(f"{trouble}.")
        return taken

    def forget(self):
        self.training = self.net = self.text = None

    def _set(self):
        for name in ("negatives", "length", "phase"):
            setattr(self.training, name, getattr(self, name).value)
        self.training.learning_rate = rounded(self.learning_rate.value)

    @torch.no_grad()
    def _look(self):
        """Measure what the picture shows: on the held-out text, with draws that stay the same."""
        step, held_out = self.training.step, self.text.validation
        if len(self.dreams) > 1 and self.dreams[-1][0] - self.dreams[-2][0] < EVERY:
            self.dreams.pop(), self.curve.pop()
        start = encode(START)[None]
        text = dream(self.net, start, LENGTH, generator=torch.Generator().manual_seed(7))
        self.dreams.append((step, decode(text[0])))
        self.curve.append((step, share_right(self.net, held_out)))
        real = windows(held_out)[:LOOKED_AT]
        own = draw(self.net(real[:, :-1]), generator=torch.Generator().manual_seed(8))
        pair = real[:, 1:], torch.cat([real[:, 1:-1], own[:, None]], dim=1)
        last = [self.net.hidden(codes)[-1][1] for codes in pair]
        self._goodness = torch.stack([goodness(h) for h in last]).cpu()

    # ---- the picture

    @property
    def state(self):
        """Where the training stands, and what it makes of the held-out text; shares are 0..1."""
        return {
            "message": self.said,
            "step": self.training.step,
            "negatives": self.negatives.value,
            "phase": self.phase.value,
            "awake": self.training.awake,
            "right": self.curve[-1][1],
            "goodness_pos": self._goodness[0].mean().item(),
            "goodness_neg": self._goodness[1].mean().item(),
            "dream": self.dreams[-1][1],
        }

    def scene(self, state):
        steps, shares = zip(*self.curve)
        end = max(200, steps[-1])
        self.end = goodness_end(*self._goodness.numpy(), RECIPE.threshold, self.end)
        space = (self.text.validation == 0).double().mean().item()
        texts = [{"at": [24, 24], "text": HEADING, "align": "left"}]
        for row, (step, text) in enumerate(self._told()):
            y = 50 + 20 * row
            texts.append({"at": [90, y], "text": f"step {step}", "align": "right"})
            texts.append({"at": [104, y], "text": text, "align": "left"})
        return {
            "texts": texts,
            "axes": [
                axes(
                    (60, 200, 400, 90),
                    [
                        level(1 / len(SYMBOLS), "chance", dash=[2, 3]),
                        level(space, "chance"),
                        line(steps, shares, "series0"),
                    ],
                    x=(0, end), y=(0, 0.5), align="start", xlabel="step",
                    title="Next characters right; lines: always a space, chance",
                    xticks=[(0, "0"), (end, str(end))],
                    yticks=[(0, "0"), (0.25, "25%"), (0.5, "50%")],
                ),
                goodness_axes(
                    (510, 200, 300, 90), *self._goodness.numpy(), RECIPE.threshold, self.end,
                    xlabel="goodness of layer 2", ylabel="windows",
                ),
            ],
            "legends": [goodness_legend((510, 180), names=("real", "last one drawn"))],
        }  # fmt: skip

    def _told(self):
        """The first dream, some of those between, each from twice as many steps, and the last."""
        last, chosen = self.dreams[-1], []
        wanted = [last[0] / 2**halved for halved in range(LINES - 2, 0, -1)]
        for place in [0, *wanted]:
            nearest = min(self.dreams, key=lambda one: abs(one[0] - place))
            if nearest not in chosen and nearest != last:
                chosen.append(nearest)
        return [*chosen, last]

    def words(self, state):
        when = "awake" if state["awake"] else "asleep"
        when = "both in each step" if state["phase"] == 1 else when
        shown = (
            (80, f"step {state['step']}"),
            (170, f"right <b>{state['right']:.1%}</b> (chance 3.3%)"),
            (150, "no negatives" if state["negatives"] is None else when),
        )
        alt = (
            f"After {state['step']} steps {state['right']:.1%} of the next characters are right. "
            f"Goodness of layer 2: {state['goodness_pos']:.2f} of real windows, "
            f"{state['goodness_neg']:.2f} of those whose last character it drew. "
            f"It dreams: {state['dream']}"
        )
        return alt, in_columns(shown)
