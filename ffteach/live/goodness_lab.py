"""The goodness lab: threshold and temperature move loss, probability and slopes over the goodness of a real layer."""

import math

import ipywidgets as widgets
import torch

from ..data import load_mnist
from ..layers import goodness
from ..negatives import overlay_label, wrong_labels
from ..recipes import Recipe
from ..training import train
from .goodness_picture import IDLE, SIZE, GoodnessPicture, curves
from .knobs import rounded
from .panel import SLIDER, Panel, close_all

RECIPE = Recipe(
    name="goodness lab", widths=(784, 200, 200), epochs=2
)  # theta 2, T 1/20; trains for about a second
HELD_OUT = 2000  # validation images: those of lesson 01
HIGHEST = 6.0  # of the threshold slider
POWERS = -3, 1  # of ten: the temperature slider's ends
NOTES = {
    "untrained": "Random weights. Threshold and temperature change the question, not the network.",
    "trained": "Trained at threshold {threshold:g} and temperature {temperature:g}. The sliders change the question, not the network.",
}


class GoodnessLab(Panel):
    """Move threshold and temperature over a layer's real goodness, and see who is right and who still learns. `GoodnessLab()` shows it.

    threshold: at least 0. temperature: above 0. network: "untrained", or "trained" = for two epochs, at the first choice, about a
        second. layer: 1 or 2. seed: of the network, its training and the negatives. data: `Digits` with validation images; default
        the bundled sample with 2 000 of them. presenter: for a projector.
    Raises ValueError for other values, and for data without validation images.

    Goodness is the mean square activity (`goodness`); positives carry their true label, negatives a wrong one. Loss and slope are those
    of one image, so the largest slope is 1/temperature; an image "still learns" if its slope exceeds 1 % of that.
    Without a mouse: `run(steps)` presses "Fresh negatives" so often, `goodness` is `(2, N)`, `state` a dict with all that is shown, `line`
    makes the panel anew (but for data of your own).
    CSS classes: ff-panel and ff-goodness-lab (the whole), ff-draw, ff-line, ff-threshold, ff-temperature, ff-network, ff-layer,
    ff-picture, ff-status.
    """

    def __init__(
        self,
        *,
        threshold=2.0,
        temperature=1.0,
        network="untrained",
        layer=1,
        seed=0,
        data=None,
        presenter=False,
    ):
        self._check(threshold, temperature, network, layer)
        self.seed, self.data = seed, load_mnist(validation=HELD_OUT) if data is None else data
        if not len(self.data.validation.images):
            raise ValueError(
                "the goodness lab looks at held-out images: load_mnist(..., validation=2000)"
            )
        self._generator, self.draws = torch.Generator().manual_seed(seed), 0
        self._nets, self._seen = (
            {},
            {},
        )  # by name: networks, and what was seen of them with the present negatives
        self._draw_negatives()
        self._make_controls(threshold, temperature, network, layer)
        essential = self.threshold, self.temperature, self.network
        super().__init__(
            [self.draw_button],
            [*essential, self.layer],
            name="ff-goodness-lab",
            size=SIZE,
            presenter=presenter,
            essential=essential,
        )
        self._figure = GoodnessPicture(scale=self.scale)
        self.draw_button.on_click(lambda button: self.do(self._draw_negatives))
        self.follow(self.threshold, "ff-threshold", lambda value: None)
        self.follow(self.temperature, "ff-temperature", lambda value: None)
        self.follow(self.network, "ff-network", self._explain)
        self.follow(self.layer, "ff-layer", lambda value: None)
        self._explain(network)
        self.draw()

    def _check(self, threshold, temperature, network, layer):
        for name, value, usable, wanted in (
            ("threshold", threshold, lambda x: x >= 0, "of at least 0"),
            ("temperature", temperature, lambda x: x > 0, "above 0"),
        ):
            if (
                isinstance(value, bool)
                or not isinstance(value, (int, float))
                or not math.isfinite(value)
                or not usable(value)
            ):
                raise ValueError(f"{name}={value!r}: expected a finite number {wanted}")
        for name, value, allowed in (
            ("network", network, tuple(NOTES)),
            ("layer", layer, tuple(range(1, len(RECIPE.widths)))),
        ):
            if value not in allowed:
                raise ValueError(f"{name}={value!r}: choose one of {', '.join(map(repr, allowed))}")

    def _make_controls(self, threshold, temperature, network, layer):
        self.draw_button = widgets.Button(
            description="Fresh negatives",
            tooltip="Give every image another wrong label, drawn at random",
            layout={"width": "auto"},
        )
        self.draw_button.add_class("ff-draw")
        self.threshold = widgets.FloatSlider(
            threshold,
            min=0,
            max=max(HIGHEST, 2 * threshold),
            step=0.05,
            description="Threshold",
            tooltip="Goodness above it means positive",
            **SLIDER,
        )
        power = math.log10(temperature)
        self.temperature = widgets.FloatLogSlider(
            temperature,
            min=min(POWERS[0], math.floor(power)),
            max=max(POWERS[1], math.ceil(power)),
            step=0.1,
            readout_format=".2g",
            description="Temperature",
            tooltip="How much goodness counts as a clear difference",
            **SLIDER,
        )
        small = {"layout": {"width": "auto"}, "style": {"description_width": "initial"}}
        self.network = widgets.Dropdown(
            options=list(NOTES),
            value=network,
            description="Network",
            tooltip="The first choice of trained takes about a second",
            **small,
        )
        self.layer = widgets.Dropdown(
            options=range(1, len(RECIPE.widths)),
            value=layer,
            description="Layer",
            tooltip="Whose goodness",
            **small,
        )

    @property
    def settings(self):
        """The arguments that make the panel anew as it is set now, without those at their default."""
        values = {
            "threshold": (self._threshold, 2.0),
            "temperature": (rounded(self.temperature.value), 1.0),
            "network": (self.network.value, "untrained"),
            "layer": (self.layer.value, 1),
            "seed": (self.seed, 0),
            "presenter": (self.presenter, False),
        }
        return {name: value for name, (value, default) in values.items() if value != default}

    @property
    def _threshold(self):
        return float(f"{self.threshold.value:.6g}")  # without the noise of the slider's arithmetic

    @property
    def goodness(self):
        """Goodness of the chosen layer for positives and negatives: `(2, N)`."""
        with self._lock:
            name = self.network.value
            if name not in self._seen:
                self._seen[name] = self._look(self._network(name))
            return self._seen[name][:, self.layer.value - 1]

    @property
    def state(self):
        """All that is shown, as plain numbers and texts; shares are 0..1, losses and goodness means over the images."""
        threshold, temperature, both = (
            self._threshold,
            rounded(self.temperature.value),
            self.goodness,
        )
        loss_pos, _, _, slope_pos, _ = curves(both[0], threshold, temperature)
        _, loss_neg, _, _, slope_neg = curves(both[1], threshold, temperature)
        (above_pos, above_neg), (below_pos, below_neg) = (
            _shares(both > threshold),
            _shares(both < threshold),
        )
        learning_pos, learning_neg = _shares(torch.stack([-slope_pos, slope_neg]) > IDLE)
        return {
            "message": self.said,
            "network": self.network.value,
            "layer": self.layer.value,
            "threshold": threshold,
            "temperature": temperature,
            "draws": self.draws,  # of negatives, 1 at first
            "images": both.shape[1],  # positives, and as many negatives
            "goodness_pos": both[0].mean().item(),
            "goodness_neg": both[1].mean().item(),
            "loss_pos": loss_pos.mean().item(),
            "loss_neg": loss_neg.mean().item(),
            "above_pos": above_pos,
            "above_neg": above_neg,
            "below_pos": below_pos,
            "below_neg": below_neg,
            "accuracy": (above_pos + below_neg) / 2,  # of "above the threshold means positive"
            "learning_pos": learning_pos,
            "learning_neg": learning_neg,
            "learning": (learning_pos + learning_neg) / 2,
        }

    def run(self, steps):
        """Press "Fresh negatives" `steps` times, here and now; return `state`. Exceptions are raised, not shown."""
        with self._lock:
            for _ in range(steps):
                self._draw_negatives()
            self.draw()
            return self.state

    def close(self):
        """Take the panel off its page, and let go of networks and data. Running its cell again does this by itself."""
        super().close()
        for control in (self.layer, self.line_button):
            close_all(control)
        with self._lock:
            self.data = self._wrong = None
            self._nets, self._seen = {}, {}

    def frame(self):
        state = self.state
        name = f"{state['network']} network, layer {state['layer']}, {state['images']} validation digits"
        self._figure.update(
            *self.goodness,
            threshold=state["threshold"],
            temperature=state["temperature"],
            name=name,
        )
        return self._figure.png(), in_a_sentence(state), figures(state)

    # ---- the parts of it

    def _explain(self, network):
        self.say(NOTES[network].format(threshold=RECIPE.threshold, temperature=RECIPE.temperature))

    def _draw_negatives(self):
        self._wrong = wrong_labels(self.data.validation.labels, generator=self._generator)
        self.draws += 1
        self._seen.clear()

    def _network(self, name):
        """The network of this name, trained now if it must be."""
        if name not in self._nets:
            net = RECIPE.network(seed=self.seed, device=self.data.train.images.device)
            if name == "trained":
                training = train(net, self.data, RECIPE, seed=self.seed)
                for record in training:
                    if record.step % 20 == 1:
                        self.say(
                            f"Training it, once: {record.step / training.total_steps:.0%} done."
                        )
                self._explain(name)
            self._nets[name] = net
        return self._nets[name]

    @torch.no_grad()
    def _look(self, net):
        """Goodness of positives and negatives in every layer: `(2, layers, N)`."""
        images, labels = self.data.validation
        inputs = (overlay_label(images, y, net.label_strength) for y in (labels, self._wrong))
        return torch.stack([torch.stack([goodness(h) for h in net(x)]) for x in inputs]).cpu()


def _shares(table):
    return table.double().mean(dim=1).tolist()


def in_a_sentence(state):
    """The picture in words, for those who cannot see it."""
    return (
        f"{state['network'].capitalize()} network, layer {state['layer']}: mean goodness {state['goodness_pos']:.2f} of {state['images']} positives, "
        f"{state['goodness_neg']:.2f} of as many negatives. Above them the curves of loss, probability and slope for threshold "
        f"{state['threshold']:.2f} and temperature {state['temperature']:.2g}. Mean loss: positives {state['loss_pos']:.3f}, negatives "
        f"{state['loss_neg']:.3f}. Above the threshold: {state['above_pos']:.1%} of the positives, {state['above_neg']:.1%} of the negatives; "
        f"right answers {state['accuracy']:.1%}. Still learning: {state['learning_pos']:.1%} of the positives, {state['learning_neg']:.1%} of the negatives."
    )


def figures(state):
    """What the threshold does to the images, as an HTML table."""
    cell = '<td style="padding:0 20px 0 0; text-align:right">{}</td>'
    head = [
        "",
        "mean loss",
        "above the threshold",
        "below",
        f"still learning (slope above {IDLE:.0%} of 1/T)",
    ]
    rows = [
        [
            f"{kind}s",
            f"{state[f'loss_{short}']:.3f}",
            *(f"{state[f'{what}_{short}']:.1%}" for what in ("above", "below", "learning")),
        ]
        for kind, short in (("positive", "pos"), ("negative", "neg"))
    ]
    rows.append(
        [
            "both",
            f"{(state['loss_pos'] + state['loss_neg']) / 2:.3f}",
            f"right answers <b>{state['accuracy']:.1%}</b>",
            "",
            f"{state['learning']:.1%}",
        ]
    )
    lines = "".join(f"<tr>{''.join(map(cell.format, row))}</tr>" for row in [head, *rows])
    return f'<table style="font-variant-numeric:tabular-nums; line-height:1.4">{lines}</table>'
