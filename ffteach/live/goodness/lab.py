"""The goodness lab: threshold and temperature move the curves over a layer's real goodness."""

import math

import ipywidgets as widgets
import torch

from ...data import load_mnist
from ...layers import goodness
from ...negatives import overlay_label, wrong_labels
from ...recipe import Recipe
from ...training import train
from ..shared.controls import rounded, small
from ..shared.panel import SLIDER, Panel
from .picture import IDLE, SIZE, curves, goodness_scene
from .words import figures, in_a_sentence

# threshold 2, temperature 1/20; trains for about a second
RECIPE = Recipe(name="goodness lab", widths=(784, 200, 200), epochs=2)
VALIDATION_IMAGES = 2000  # those of lesson 01
HIGHEST = 6.0  # of the threshold slider
POWERS = -3, 1  # of ten: the temperature slider's ends
NOTES = {
    "untrained": "Random weights. Threshold and temperature change the question, not the network.",
    "trained": "Trained at threshold {threshold:g} and temperature {temperature:g}. The sliders "
    "change the question, not the network.",
}


class GoodnessLab(Panel):
    """Move threshold and temperature over a layer's real goodness: who is right, who learns?

    network: "untrained", or "trained" for two epochs at the first choice. layer: 1 or 2. seed: of
    the network, its training and the negatives. data: `Digits` with validation images. presenter:
    for a projector. Raises ValueError for what cannot be shown.
    Loss and slope are those of one image; it "still learns" while its slope exceeds 1 % of 1/T.
    `run(steps)` presses "Fresh negatives" from code; `goodness` and `state` tell the rest.

    >>> GoodnessLab(threshold=0.5).state["accuracy"] > 0.4
    True
    """

    SIZE = SIZE

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
        self.seed, self.data = (
            seed,
            load_mnist(validation=VALIDATION_IMAGES) if data is None else data,
        )
        if not len(self.data.validation.images):
            raise ValueError(
                "the goodness lab looks at held-out images: load_mnist(..., validation=2000)"
            )
        self._generator, self.draws = torch.Generator().manual_seed(seed), 0
        self._nets = {}  # by name
        self._seen = {}  # by name of the network: its goodness with the present negatives
        self.again()
        self._make_controls(threshold, temperature, network, layer)
        essential = self.threshold, self.temperature, self.network
        fresh = self.button(
            "Fresh negatives",
            "Give every image another wrong label, drawn at random",
            lambda: self.do(self.again),
            "draw",
        )
        super().__init__(
            [fresh],
            [*essential, self.layer],
            name="ff-goodness-lab",
            presenter=presenter,
            essential=essential,
            follows={"threshold": self.threshold, "temperature": self.temperature},
        )
        self.draw_button, self._end = fresh, 0
        self.follow(self.threshold, "ff-threshold")
        self.follow(self.temperature, "ff-temperature")
        self.follow(self.network, "ff-network", self._explain)
        self.follow(self.layer, "ff-layer")
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
        self.network = widgets.Dropdown(
            options=list(NOTES),
            value=network,
            description="Network",
            tooltip="The first choice of trained takes about a second",
            **small("auto"),
        )
        self.layer = widgets.Dropdown(
            options=range(1, len(RECIPE.widths)),
            value=layer,
            description="Layer",
            tooltip="Whose goodness",
            **small("auto"),
        )

    @property
    def arguments(self):
        return {
            "threshold": self._threshold,
            "temperature": rounded(self.temperature.value),
            "network": self.network.value,
            "layer": self.layer.value,
            "seed": self.seed,
        }

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
        """All that is shown, as plain numbers and texts; shares are 0..1, the rest means."""
        threshold, temperature = self._threshold, rounded(self.temperature.value)
        both = self.goodness
        loss_pos, _, _, slope_pos, _ = curves(both[0], threshold, temperature)
        _, loss_neg, _, _, slope_neg = curves(both[1], threshold, temperature)
        above_pos, above_neg = _shares(both > threshold)
        below_pos, below_neg = _shares(both < threshold)
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

    def forget(self):
        self.data = self._wrong = None
        self._nets, self._seen = {}, {}

    def scene(self, state):
        layer = f"{state['network']} network, layer {state['layer']}"
        scene, self._end = goodness_scene(
            *self.goodness,
            threshold=state["threshold"],
            temperature=state["temperature"],
            name=f"{layer}, {state['images']} validation digits",
            end=self._end,
        )
        return scene

    def words(self, state):
        return in_a_sentence(state), figures(state)

    # ---- the parts of it

    def _explain(self, network):
        self.say(NOTES[network].format(threshold=RECIPE.threshold, temperature=RECIPE.temperature))

    def again(self):
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
                        done = record.step / training.total_steps
                        self.say(f"Training it, once: {done:.0%} done.")
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
