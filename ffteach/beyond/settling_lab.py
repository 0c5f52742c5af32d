"""The settling lab: one digit, step by step, while you change what stands above and below it."""

import ipywidgets as widgets
import torch

from ..checks import CLASSES, check_counts, check_positive, check_seed
from ..data import load_mnist
from ..layers import goodness
from ..live.shared.controls import small
from ..live.shared.panel import SLIDER, Panel
from ..live.shared.scene import DASHED, axes, axis_end, bars, entry, image_axes, legend, line, ticks
from ..live.shared.words import in_columns
from .recurrent import RECIPE, STEPS, RecurrentNet, RecurrentTraining, check_takes

TOPS = {"nothing": "nothing", "its own opinion": "opinion", **{str(n): n for n in range(CLASSES)}}
COVERS = {"nothing": "nothing", "upper half": "upper", "lower half": "lower", "all": "all"}
DIGITS = 2000  # validation digits to choose from
MOST = 3 * STEPS  # steps of a video: room to swap twice


class SettlingLab(Panel):
    """Watch a recurrent network settle on one digit; swap the label, cover half, and go on.

    net: a trained `RecurrentNet` of two layers for 784 pixels, by default one trained here for an
    epoch. digit, other: numbers of validation digits, 0..1999; blend: the share of the other laid
    over it, 0..1. top: what stands above: "nothing", "opinion" (the network's own), or 0..9.
    cover: "nothing", "upper", "lower" or "all". Raises ValueError for anything else. Both act from
    the next step on. `run(steps)` goes on from code; `state` tells the rest.

    >>> SettlingLab(digit=3, top="opinion").run(4)["step"]
    4
    """

    SIZE = 840, 350

    def __init__(
        self,
        net=None,
        *,
        digit=0,
        other=1,
        blend=0.0,
        top="opinion",
        cover="nothing",
        seed=0,
        presenter=False,
    ):
        check_counts(digit=(digit, 0, DIGITS - 1), other=(other, 0, DIGITS - 1))
        if blend != 0:
            check_positive(blend=blend)
        if blend > 1:
            raise ValueError(f"blend={blend!r}: expected a number from 0 to 1")
        for name, value, choices in (("top", top, TOPS), ("cover", cover, COVERS)):
            if isinstance(value, bool) or value not in choices.values():
                raise ValueError(f"{name}={value!r}: choose one of {tuple(choices.values())}")
        self.seed, self.data = check_seed(seed), load_mnist(validation=DIGITS)
        if net is not None:
            check_takes(net, self.data.validation.images[:1])
            if len(net.layers) != 2:
                raise ValueError(f"the network has {len(net.layers)} layers, two can be shown")
        self.net = net or self._trained()
        self.digit, self.other = (
            widgets.IntSlider(number, min=0, max=DIGITS - 1, description=name, **SLIDER)
            for number, name in ((digit, "Digit"), (other, "Laid over it"))
        )
        self.blend = widgets.FloatSlider(
            blend, min=0, max=1, step=0.05, description="Share", **SLIDER
        )
        self.top, self.cover = (
            widgets.Dropdown(options=choices, value=value, description=name, **small("auto"))
            for choices, value, name in ((TOPS, top, "At the top"), (COVERS, cover, "Covered"))
        )
        super().__init__(
            self._buttons(),
            controls := [self.top, self.cover, self.digit, self.other, self.blend],
            name="ff-settling-lab",
            presenter=presenter,
            essential=controls,
        )
        for control, css in ((self.digit, "digit"), (self.other, "other"), (self.blend, "blend")):
            self.follow(control, f"ff-{css}", lambda value: self.restart())
        self.follow(self.top, "ff-top", self._from_now)
        self.follow(self.cover, "ff-cover", self._from_now)
        self.restart()
        self.draw()

    def _buttons(self):
        self.next_button = self.button(
            "Next step", "All layers look once", lambda: self.do(self.again), "next"
        )
        self.video_button = self.button(
            f"{STEPS} steps", "Go on by eight steps", lambda: self.do(self._video), "video"
        )
        self.reset_button = self.button(
            "Start again", "The image goes upwards once", lambda: self.do(self.restart), "reset"
        )
        return [self.next_button, self.video_button, self.reset_button]

    def _trained(self):
        recipe = RECIPE.but(epochs=1)
        net = RecurrentNet(recipe.widths, generator=torch.Generator().manual_seed(self.seed))
        return RecurrentTraining(net, self.data, recipe, seed=self.seed).finish()

    @property
    def arguments(self):
        names = "digit", "other", "top", "cover"
        values = {name: getattr(self, name).value for name in names}
        return {**values, "blend": round(self.blend.value, 4), "seed": self.seed}

    # ---- the video

    @torch.no_grad()
    def restart(self):
        """The image, as it is covered now, goes upwards once; no label has been seen."""
        self.h = self.net.begin(self.net.look(self._image()))
        self.under = [layer.repeat(CLASSES, 1) for layer in self.h]  # one video for each label
        self.told, self.curves = [], []  # what stood at the top; goodness (layers, 1 + 10)
        self._look()
        self.say("The image went upwards once. Next step: all layers look at once.")

    def again(self):
        if len(self.told) >= MOST:
            self.say(f"{MOST} steps are enough: start again.")
            return
        self._step()
        self.say(f"Step {len(self.told)}, with {self._name(self.told[-1])} at the top.")

    def _video(self):
        for _ in range(STEPS):
            self.again()

    @torch.no_grad()
    def _step(self):
        top, seen = self.top.value, self.net.look(self._image())
        if top == "opinion":
            row = self.opinion[None] * CLASSES**0.5
        else:
            row = torch.zeros(1, CLASSES, device=seen.device)
            if top != "nothing":
                row[0, top] = CLASSES**0.5
        self.h, _, _ = self.net.step(seen, self.h, row)
        every = self.net.labels(torch.arange(CLASSES, device=seen.device))
        self.under, _, _ = self.net.step(seen.repeat(CLASSES, 1), self.under, every)
        self.told.append(top)
        self._look()

    @torch.no_grad()
    def _look(self):
        self.opinion = (self.net.quick(self.h) / RECIPE.temperature).softmax(dim=1)[0]
        rows = [torch.cat([mine, ten]) for mine, ten in zip(self.h, self.under)]
        self.curves.append(torch.stack([goodness(row) for row in rows]).cpu())

    def _image(self):
        images, share = self.data.validation.images, self.blend.value
        shown = (1 - share) * images[self.digit.value] + share * images[self.other.value]
        rows = {"nothing": slice(0), "upper": slice(392), "lower": slice(392, 784)}
        shown[rows.get(self.cover.value, slice(784))] = 0
        return shown[None]

    def _from_now(self, value):
        self.say("It acts from the next step on.")

    def _name(self, top):
        return {"nothing": "nothing", "opinion": "its own opinion"}.get(top, f"label {top}")

    def forget(self):
        self.net = self.data = self.h = self.under = None

    # ---- the picture

    @property
    def state(self):
        """Where the video stands: goodness sums both layers, opinions are shares 0..1."""
        total = self.curves[-1].sum(dim=0)
        return {
            "message": self.said,
            "step": len(self.told),
            "told": list(self.told),
            "truth": self.data.validation.labels[self.digit.value].item(),
            "other": self.data.validation.labels[self.other.value].item(),
            "blend": self.blend.value,
            "cover": self.cover.value,
            "goodness": total[0].item(),
            "goodness_of_labels": total[1:].tolist(),
            "opinion": self.opinion.tolist(),
        }

    def scene(self, state):
        curves = torch.stack(self.curves).sum(dim=1).numpy()  # (steps + 1, 1 + 10)
        steps = range(len(curves))
        end, top = max(STEPS, len(curves) - 1), axis_end(1.05 * curves.max(), 0)
        truth = state["truth"]
        series = [line(steps, curves[:, 1 + n], "chance") for n in range(CLASSES) if n != truth]
        series += [
            line(steps, curves[:, 1 + truth], "positive", width=2),
            line(steps, curves[:, 0], "ink", dash=DASHED, width=2),
        ]
        roles = ["positive" if n == truth else "chance" for n in range(CLASSES)]
        activities = [layer[0].double().cpu() for layer in self.h]
        return {
            "axes": [
                image_axes((24, 34, 140, 140), self._image()[0].cpu().numpy(), "The image"),
                *(
                    image_axes(
                        (24, 204 + 74 * i, 140, 50),
                        layer.reshape(_rows(layer), -1).numpy(), f"Layer {i + 1}",
                        limits=(0, max(layer.max().item(), 1e-9)),
                    )
                    for i, layer in enumerate(activities)
                ),
                axes(
                    (240, 34, 330, 240), series, x=(0, end), y=(0, top), align="start",
                    title="Goodness of both layers", xlabel="step",
                    xticks=ticks(0, end, 9), yticks=ticks(0, top, 5),
                ),
                axes(
                    (630, 34, 190, 240), [bars(state["opinion"], roles)], x=(-0.6, 9.6), y=(0, 1),
                    title="The top's opinion at first sight", align="start", xlabel="label",
                    xticks=[(n, str(n)) for n in range(CLASSES)],
                    yticks=[(0, "0"), (0.5, "50%"), (1, "100%")],
                ),
            ],
            "legends": [
                legend((240, 326), [
                    entry("its true label all the time", "line", "positive"),
                    entry("another label", "line", "chance"),
                    entry("this video", "line", "ink", dash=DASHED),
                ])
            ],
        }  # fmt: skip

    def words(self, state):
        likely = max(range(CLASSES), key=state["opinion"].__getitem__)
        best = max(range(CLASSES), key=state["goodness_of_labels"].__getitem__)
        share = state["opinion"][likely]
        shown = (
            (60, f"step {state['step']}"),
            (110, f"goodness <b>{state['goodness']:.2f}</b>"),
            (150, f"most goodness: label <b>{best}</b>"),
            (150, f"at first sight: <b>{likely}</b>, {share:.0%}"),
        )
        what = f"A {state['truth']}"
        if state["blend"]:
            what += f" with {state['blend']:.0%} of a {state['other']}"
        covered = {"nothing": "", "all": ", all covered"}
        what += covered.get(state["cover"], f", {state['cover']} half covered")
        told = f" under {self._name(self.told[-1])}" if self.told else ""
        alt = (
            f"{what}, after {state['step']} steps{told}: goodness {state['goodness']:.2f}; all "
            f"the time under one label, most goodness for {best}; the top's opinion is {likely}, "
            f"{share:.0%}."
        )
        return alt, in_columns(shown)


def _rows(layer):
    """In how many rows the picture of a layer shows its units, about twice as wide as high."""
    count = len(layer)
    wanted = (count / 2) ** 0.5
    return min((n for n in range(1, count + 1) if count % n == 0), key=lambda n: abs(n - wanted))
