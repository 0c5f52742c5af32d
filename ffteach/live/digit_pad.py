"""The digit pad: draw a digit, see what every layer thinks of every label, and lie to it by hand."""

import math
import time

import ipywidgets as widgets
import torch

from ..data import CLASSES, load_mnist
from ..handwriting import SIDE, centre_digit
from ..inference import goodness_per_label
from ..layers import goodness
from ..negatives import overlay_label
from ..recipes import RECIPES
from ..training import Training, train
from .drawing_pad import DrawingPad
from .pad_picture import SIZE, PadPicture
from .panel import SLIDER
from .training_panel import TrainingPanel

PAD = 224  # CSS pixels of the pad on the page
STRONGEST = 8.0  # of the strength slider
READY, UNTRAINED = "Draw a digit.", "Nothing trained yet: draw a digit, and press Train."


class DigitPad(TrainingPanel):
    """Draw a digit and see the goodness of all ten labels in every layer, also while it trains. `DigitPad()` in a cell shows it.

    training: a supervised `Training` of 784-pixel images, such as `train(net, data, recipe)` or a training lab's `lab.training`;
        Reset goes back to where it stands now, and while it is trained elsewhere, Train here only watches. Default: recipe
        "quick" at a constant rate on the bundled sample.
    seed: of the default training and of the test digits' order. label, strength: of the overlay set by hand, 0..9 and at least 0;
        default strength: the network's. presenter: large type for a projector, and only the overlay's controls.
    Raises TypeError or ValueError for another training, label or strength.

    The drawing becomes a digit as MNIST has them (`handwriting.centre_digit`). Without a mouse: `draw_digit(pixels)` puts a
    drawing on the pad, `clear()` wipes it, `run(steps)` trains; `state` is a dict with all that is shown; `image` is the
    centred digit `(784,)`.
    CSS classes: ff-panel and ff-digit-pad (the whole), ff-train, ff-step, ff-reset, ff-load (a test digit), ff-line, ff-pad (the
    drawing, with ff-canvas and ff-clear), ff-overlay, ff-strength, ff-picture, ff-status.
    """

    def __init__(self, training=None, *, seed=0, label=0, strength=None, presenter=False):
        self._own, self.seed = training is None, seed
        self.training = self._default_training() if self._own else training
        self._check_training()
        self._start = self.training.state_dict()
        self._seen_step = self.training.step
        self._test, self._loaded = (
            None,
            0,
        )  # the test digits in a random order, once one is asked for; how many were
        self.image = torch.zeros(SIDE * SIDE)
        self._default_strength = float(self.training.net.label_strength)
        strength = self._default_strength if strength is None else strength
        if label not in range(CLASSES) or not 0 <= strength < math.inf:
            raise ValueError(
                f"label={label!r}, strength={strength!r}: expected a label from 0 to 9 and a finite strength of at least 0"
            )
        self._make_controls(label, strength)
        super().__init__(
            [self.overlay, self.strength],
            name="ff-digit-pad",
            size=SIZE,
            presenter=presenter,
            essential=(self.overlay, self.strength),
        )
        self.pad = DrawingPad(size=round(PAD * self.scale))
        self._lay_out()
        self._figure = PadPicture(
            len(self.training.net.layers), threshold=self.training.recipe.loss == "threshold"
        )
        self.follow(
            self.pad, "ff-pad", lambda value: setattr(self, "image", centre_digit(self.pad.pixels))
        )
        self.follow(self.overlay, "ff-overlay", lambda value: None)
        self.follow(self.strength, "ff-strength", lambda value: None)
        self.say(READY if self.training.step else UNTRAINED)
        self.draw()

    def _default_training(self):
        recipe = RECIPES["quick"].but(decay="none")
        return train(recipe.network(seed=self.seed), recipe.load_data(), recipe, seed=self.seed)

    def _check_training(self):
        if not isinstance(self.training, Training):
            raise TypeError(
                f"training is {type(self.training).__name__}, expected what train(net, data, recipe) returns, such as lab.training"
            )
        recipe, width = self.training.recipe, self.training.net.widths[0]
        if recipe.negatives == "hybrids" or recipe.growth != "none" or width != SIDE * SIDE:
            raise ValueError(
                f"this training has negatives={recipe.negatives!r}, growth={recipe.growth!r} and {width} pixels: the digit pad needs a network that "
                "learns labels written into 784-pixel images, with a fixed number of layers, such as one of RECIPES['quick']"
            )

    def _make_controls(self, label, strength):
        moving = SLIDER | {"continuous_update": True}  # to be dragged, and the goodness follows
        self.overlay = widgets.IntSlider(
            label,
            min=0,
            max=CLASSES - 1,
            description="Label overlay",
            tooltip="Which label pixel is lit",
            **moving,
        )
        self.strength = widgets.FloatSlider(
            strength,
            min=0,
            max=max(STRONGEST, 2 * strength),
            step=0.1,
            readout_format=".1f",
            description="Strength",
            tooltip="How bright that pixel is; 0 = no label at all",
            **moving,
        )

    def _lay_out(self):
        """The pad stands beside the picture, and a button for test digits among the others."""
        self.load_button = widgets.Button(
            description="Load a test digit",
            tooltip="Put one of the test digits on the pad, another each time",
            layout={"width": "auto"},
        )
        self.load_button.add_class("ff-load")
        self.load_button.on_click(lambda button: self._load())
        self.buttons.children += (self.load_button,)
        self.picture.layout.flex = (
            "1 1 320px"  # smaller where there is less room, below the pad on a telephone
        )
        self.desk = widgets.HBox(
            [self.pad, self.picture],
            layout={"flex_flow": "row wrap", "align_items": "flex-start", "grid_gap": "0 8px"},
        )
        self.widget.children = tuple(
            self.desk if child is self.picture else child for child in self.widget.children
        )
        self.widget.layout.max_width = f"{self.size[0] + self.pad.size + 8}px"

    @property
    def settings(self):
        """The arguments that make the panel anew as it is set now."""
        values = {
            "seed": (self.seed, 0),
            "label": (self.overlay.value, 0),
            "strength": (self.strength.value, self._default_strength),
        }
        values["presenter"] = self.presenter, False
        own = {} if self._own else {"training": _Name("training")}
        return own | {name: value for name, (value, default) in values.items() if value != default}

    @property
    def state(self):
        """All that is shown, as plain numbers, texts and lists; goodness: one list or number for each layer, None on an empty pad."""
        training, tables, overlaid = self.training, *self._measure()
        empty = self.empty
        return {
            "running": self.running,
            "message": self.said,
            "step": training.step,
            "epochs_done": training.step / training.steps_per_epoch,
            "empty": empty,
            "label": self.overlay.value,
            "strength": self.strength.value,
            "threshold": training.threshold if training.recipe.loss == "threshold" else None,
            "goodness": None
            if empty
            else tables.tolist(),  # of each label as the network writes it: layers x 10
            "answer": None if empty else int(tables.sum(dim=0).argmax()),
            "overlay_goodness": None if empty else overlaid.tolist(),  # of the overlay set by hand
        }

    @property
    def empty(self):
        """Is there nothing on the pad?"""
        return not self.image.any()

    def draw_digit(self, pixels):
        """Put a drawing on the pad: uint8 `(112, 112)`, 0 = paper to 255 = ink, or a digit `(784,)` in [0, 1]. Raises ValueError otherwise."""
        self.pad.put(pixels)

    def clear(self):
        """Wipe the pad."""
        self.pad.value = b""

    def close(self):
        """Take the panel off its page, stop its clock, and let go of network and data. Running its cell again does this by itself."""
        self.pad.close()
        self.picture.close()
        super().close()
        with self._lock:
            self.training = self._start = self._test = None

    # ---- what a panel does

    def advance(self, seconds=math.inf, steps=math.inf):
        """Train for so long and return the number of steps taken, 0 at the end. A tick only watches what is trained elsewhere."""
        if seconds < math.inf and self.training.step != self._seen_step:
            self._seen_step = self.training.step
            return 0
        end, taken = time.perf_counter() + seconds, 0
        while taken < steps and time.perf_counter() < end:
            if next(self.training, None) is None:
                self.stop(f"All {self.training.epochs} epochs are done. Reset begins again.")
                break
            taken += 1
        self._seen_step = self.training.step
        return taken

    def settle(self):
        """Once something is trained, say no longer that nothing is."""
        if self.said == UNTRAINED and self.training.step:
            self.say(READY)

    def restart(self):
        """Back to the network that the panel began with; the drawing stays."""
        self.training.load_state_dict(self._start)
        self._seen_step = self.training.step
        self.say(READY if self.training.step else UNTRAINED)

    def frame(self):
        tables, overlaid = self._measure()
        training, state = self.training, self.state
        self._figure.update(
            self.image,
            tables,
            label=state["label"],
            strength=self.strength.value / self.strength.max,
            goodness=overlaid,
            threshold=training.threshold,
        )
        return self._figure.png(), self._in_words(state), self._figures(state)

    def _load(self):
        if self._test is None:
            test = load_mnist().test
            self._test = test.take(
                torch.randperm(
                    len(test.images),
                    generator=torch.Generator().manual_seed(self.seed),
                    device="cpu",
                )
            )
        image, label = (values[self._loaded % len(values)] for values in self._test)
        self._loaded += 1
        self.draw_digit(image)
        self.say(f"A test digit, labelled {label}.")

    @torch.no_grad()
    def _measure(self):
        """Return goodness `(layers, 10)` of each label, and `(layers,)` of the overlay set by hand; all 0 on an empty pad."""
        net, recipe = self.training.net, self.training.recipe
        layers = len(net.layers)
        if self.empty:
            return torch.zeros(layers, CLASSES), torch.zeros(layers)
        image = (
            ((self.image - recipe.pixel_mean) / recipe.pixel_deviation).to(net.device).unsqueeze(0)
        )
        tables = goodness_per_label(net, image, per_layer=True)[:, 0]
        chosen = overlay_label(
            image, torch.tensor([self.overlay.value], device=net.device), self.strength.value
        )
        return tables.cpu(), torch.cat([goodness(h) for h in net(chosen)]).cpu()

    def _in_words(self, state):
        """The picture as a sentence, for those who cannot see it."""
        overlay = f"label {state['label']} at strength {state['strength']:.1f}"
        if state["empty"]:
            return f"The pad is empty: no goodness to show. The overlay is {overlay}."
        layers = [
            f"layer {n}: {', '.join(f'{value:.2f}' for value in row)}"
            for n, row in enumerate(state["goodness"], start=1)
        ]
        mine = ", ".join(
            f"{value:.2f} in layer {n}"
            for n, value in enumerate(state["overlay_goodness"], start=1)
        )
        threshold = "" if state["threshold"] is None else f" Threshold {state['threshold']:.1f}."
        return (
            f"The drawn digit, centred. Goodness of the labels 0 to 9, {'; '.join(layers)}. The network says {state['answer']}. "
            f"Your overlay, {overlay}: {mine}.{threshold}"
        )

    def _figures(self, state):
        """Answer, overlay and progress as one line of HTML."""
        said = (
            "Nothing drawn yet" if state["empty"] else f"The network says <b>{state['answer']}</b>"
        )
        mine = (
            ""
            if state["empty"]
            else f"your overlay: {', '.join(f'layer {n} <b>{g:.2f}</b>' for n, g in enumerate(state['overlay_goodness'], 1))}"
        )
        columns = (
            (160, said),
            (260, mine),
            (190, f"step {state['step']} of {self.training.total_steps}"),
        )
        spans = "".join(
            f'<span style="flex:0 0 auto; min-width:{width}px">{text}</span>'
            for width, text in columns
        )
        return f'<div style="display:flex; flex-wrap:wrap; gap:0 12px; font-variant-numeric:tabular-nums">{spans}</div>'


class _Name(str):
    """A variable's name in the line that makes the panel anew: a training cannot be written out."""

    __repr__ = str.__str__
