"""The digit pad: draw a digit, see every layer's goodness of every label, and lie to it by hand."""

import math
import time

import ipywidgets as widgets
import torch

from ...data import CLASSES, load_mnist
from ...inference import goodness_per_label
from ...layers import goodness
from ...negatives import overlay_label
from ...runs.recipes import RECIPES
from ...training import Training, train
from ..shared.panel import PROJECTOR, SLIDER, TRAINING, Panel
from ..shared.recipes import CONSTANT_RATE, within_pairs
from .drawing_pad import DrawingPad
from .handwriting import IMAGE_SIDE, centre_digit
from .picture import SIZE, PadPicture
from .words import figures, in_a_sentence

PAD = 224  # CSS pixels of the pad on the page
STRONGEST = 8.0  # of the strength slider
READY, UNTRAINED = "Draw a digit.", "Nothing trained yet: draw a digit, and press Train."


class DigitPad(Panel):
    """Draw a digit and see the goodness of all ten labels in every layer, also while it trains.

    training: a supervised `Training` of 784-pixel images, such as a training lab's `lab.training`;
    Reset goes back to where it stands now, and while it is trained elsewhere, Train here only
    watches. seed: of the default training and the test digits' order. label, strength: of the
    overlay set by hand. presenter: for a projector. Raises TypeError or ValueError otherwise.
    From code: `draw_digit(pixels)`, `clear()`, `run(steps)`; `state` tells the rest.

    >>> DigitPad().state["empty"]
    True
    """

    SIZE = SIZE

    def __init__(self, training=None, *, seed=0, label=0, strength=None, presenter=False):
        self._own, self.seed = training is None, seed
        self.training = self._default_training() if self._own else training
        self._check_training()
        self._start = self.training.state_dict()
        self._seen_step = self.training.step
        self._test = None  # the test digits in a random order, once one is asked for
        self._loaded = 0  # how many of them were
        self._about_digit = None  # what was said about the last one
        self.image = torch.zeros(IMAGE_SIDE**2)
        self._default_strength = float(self.training.net.label_strength)
        strength = self._default_strength if strength is None else strength
        if label not in range(CLASSES) or not 0 <= strength < math.inf:
            raise ValueError(
                f"label={label!r}, strength={strength!r}: expected a label from 0 to 9 and a "
                "finite strength of at least 0"
            )
        self._make_controls(label, strength)
        self.load_button = self.button(
            "Load a test digit",
            "Put one of the test digits on the pad, another each time",
            self._load,
            "load",
        )
        self.pad = DrawingPad(size=round(PAD * (PROJECTOR if presenter else 1)))
        super().__init__(
            [self.load_button],
            [self.overlay, self.strength],
            name="ff-digit-pad",
            trains=True,
            presenter=presenter,
            essential=(self.overlay, self.strength),
            beside=[self.pad],
            follows={"overlay": self.overlay, "strength": self.strength},
        )
        self._picture = PadPicture()
        self.follow(self.pad, "ff-pad", lambda value: self._drawn())
        self.follow(self.overlay, "ff-overlay")
        self.follow(self.strength, "ff-strength")
        self._say_what_next()
        self.draw()

    def _default_training(self):
        recipe = RECIPES["quick"].but(**CONSTANT_RATE)
        return train(recipe.network(seed=self.seed), recipe.load_data(), recipe, seed=self.seed)

    def _check_training(self):
        if not isinstance(self.training, Training):
            raise TypeError(
                f"training is {type(self.training).__name__}, expected what "
                "train(net, data, recipe) returns, such as lab.training"
            )
        recipe, width = self.training.recipe, self.training.net.widths[0]
        if recipe.negatives == "hybrids" or recipe.growth != "none" or width != IMAGE_SIDE**2:
            raise ValueError(
                f"this training has negatives={recipe.negatives!r}, growth={recipe.growth!r} and "
                f"{width} pixels: the digit pad needs a network that learns labels written into "
                "784-pixel images, with a fixed number of layers, such as one of RECIPES['quick']"
            )

    def _make_controls(self, label, strength):
        self.overlay = widgets.IntSlider(
            label,
            min=0,
            max=CLASSES - 1,
            description="Label overlay",
            tooltip="Which label pixel is lit",
            **SLIDER,
        )
        self.strength = widgets.FloatSlider(
            strength,
            min=0,
            max=max(STRONGEST, 2 * strength),
            step=0.1,
            readout_format=".1f",
            description="Strength",
            tooltip="How bright that pixel is; 0 = no label at all",
            **SLIDER,
        )

    @property
    def arguments(self):
        strength = self.strength.value
        return {
            "training": None if self._own else _Name("training"),
            "seed": self.seed,
            "label": self.overlay.value,
            "strength": None if strength == self._default_strength else strength,
        }

    @property
    def state(self):
        """All that is shown, as numbers, texts and lists; goodness is None on an empty pad."""
        training, empty = self.training, self.empty
        tables, overlaid = (None, None) if empty else self._measure()
        return {
            "running": self.running,
            "message": self.said,
            "step": training.step,
            "epochs_done": training.step / training.steps_per_epoch,
            "empty": empty,
            "label": self.overlay.value,
            "strength": self.strength.value,
            "threshold": None if within_pairs(training.recipe) else training.threshold,
            # of each label as the network writes it: layers x 10
            "goodness": None if empty else tables.tolist(),
            "answer": None if empty else int(tables.sum(dim=0).argmax()),
            # of the overlay set by hand, for each layer
            "overlay_goodness": None if empty else overlaid.tolist(),
        }

    @property
    def empty(self):
        """Is there nothing on the pad?"""
        return not self.image.any()

    def draw_digit(self, pixels):
        """Put a drawing on the pad, as `DrawingPad.put` does."""
        self.pad.put(pixels)

    def clear(self):
        """Wipe the pad."""
        self.pad.value = b""

    def forget(self):
        self.training = self._start = self._test = None

    # ---- what a panel does

    def advance(self, seconds, steps):
        """Train for so long and return the steps taken, 0 at the end.

        A tick only watches what is trained elsewhere.
        """
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

    def on_pause(self):
        """Once something is trained, say no longer that nothing is."""
        if self.said == UNTRAINED and self.training.step:
            self.say(READY)

    def restart(self):
        """Back to the network that the panel began with; the drawing stays."""
        self.training.load_state_dict(self._start)
        self._seen_step = self.training.step
        self._say_what_next()

    def scene(self, state):
        nothing = torch.zeros(len(self.training.net.layers), CLASSES)
        return self._picture.scene(
            self.image,
            nothing if state["empty"] else state["goodness"],
            label=state["label"],
            strength=self.strength.value / self.strength.max,
            goodness=nothing[:, 0] if state["empty"] else state["overlay_goodness"],
            threshold=state["threshold"],
        )

    def words(self, state):
        return in_a_sentence(state), figures(state, self.training.total_steps)

    def _drawn(self):
        self.image = centre_digit(self.pad.pixels)
        if self.said == self._about_digit:  # it is no longer that digit
            self._say_what_next()

    def _say_what_next(self):
        trained = self.training.step
        self.say(TRAINING if self.running else READY if trained else UNTRAINED)

    def _load(self):
        if self._test is None:
            test, generator = load_mnist().test, torch.Generator().manual_seed(self.seed)
            order = torch.randperm(len(test.images), generator=generator, device="cpu")
            self._test = test.take(order)
        image, label = (values[self._loaded % len(values)] for values in self._test)
        self._loaded += 1
        self.draw_digit(image)
        self._about_digit = f"A test digit, labelled {label}."
        self.say(self._about_digit)

    @torch.no_grad()
    def _measure(self):
        """Return goodness `(layers, 10)` of each label, `(layers,)` of the overlay set by hand."""
        net, recipe = self.training.net, self.training.recipe
        image = (self.image - recipe.pixel_mean) / recipe.pixel_deviation
        image = image.to(net.device).unsqueeze(0)
        tables = goodness_per_label(net, image, per_layer=True)[:, 0]
        label = torch.tensor([self.overlay.value], device=net.device)
        chosen = overlay_label(image, label, self.strength.value)
        return tables.cpu(), torch.cat([goodness(h) for h in net(chosen)]).cpu()


class _Name(str):
    """A variable's name in the line of Python: a training cannot be written out."""

    __repr__ = str.__str__
