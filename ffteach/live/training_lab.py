"""The training lab: turn the knobs while a Forward-Forward network learns."""

import math
import time

import ipywidgets as widgets
import torch

from ..inference import goodness_per_label
from ..negatives import wrong_labels
from ..recipes import Recipe
from ..training import train
from .panel import SLIDER
from .training_panel import TrainingPanel
from .training_picture import SIZE, TrainingPicture

SLOW_MOTION = Recipe(
    name="slow motion",
    about="the training lab's default: goodness climbs to the threshold in a second, parts there, 90 % right after some more",
    learning_rate=3e-4,
    decay="none",
    epochs=10,
)
HELD_OUT = 0.1  # share of the training images that become validation images where the recipe holds out none
LOOKED_AT = 200  # validation images shown while it trains; all of them at the end of an epoch and in a pause
LARGEST_BATCH = 500  # a step must stay far below a tick
MOST_POINTS = 400  # of a curve; beyond that every other one is dropped


class TrainingLab(TrainingPanel):
    """Train a network live, and change threshold, learning rate and epochs while it learns. `TrainingLab()` in a cell shows it.

    recipe: a `Recipe`; default `SLOW_MOTION`. Whatever it says, the learning rate stays constant, so that the slider tells the
        truth, and batches hold at most 500 images, so that the panel answers at once.
    data: `Digits` with validation images; default the recipe's own on the bundled sample, a tenth of it held out.
    seed: of the network, the batches and the negatives; Reset begins with it again.
    Raises ValueError for data without validation images, and for recipes that grow or have hybrids as negatives.

    Without a mouse: `run(steps)` trains; `state` is a dict with all that is shown; `training` is the `Training`, with its `net`.
    CSS classes: ff-panel and ff-training-lab (the whole), ff-train, ff-step, ff-reset, ff-threshold, ff-lr, ff-epochs,
    ff-picture, ff-status.
    """

    def __init__(self, recipe=None, *, data=None, seed=0):
        recipe = recipe or SLOW_MOTION
        if recipe.growth != "none" or recipe.negatives == "hybrids":
            raise ValueError("the training lab shows a fixed number of layers and wrong labels as negatives: choose another recipe")
        self.recipe = recipe.but(decay="none", batch_size=min(recipe.batch_size or LARGEST_BATCH, LARGEST_BATCH))
        self.seed = seed
        self.data = data or self.recipe.but(validation_share=recipe.validation_share or HELD_OUT).load_data(seed=seed)
        images, labels = self.data.validation
        if not len(images):
            raise ValueError("the training lab shows accuracy on held-out images: load_mnist(..., validation=1000)")
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed)).to(images.device)
        self._images, self._labels = images[order], labels[order]
        self._wrong = wrong_labels(self._labels, generator=torch.Generator().manual_seed(seed))
        super().__init__(self._make_controls(), name="ff-training-lab", size=SIZE)
        self._live = min(LOOKED_AT, len(images))
        self._figure = TrainingPicture(
            len(self.recipe.widths) - 1, difference=self.recipe.loss == "pairwise", images=(self._live, len(images))
        )
        self.follow(self.threshold, "ff-threshold", lambda value: setattr(self.training, "threshold", value))
        self.follow(self.learning_rate, "ff-lr", lambda value: setattr(self.training, "learning_rate", value))
        self.follow(self.epochs, "ff-epochs", self._aim)
        self.restart()
        self.draw()

    def _make_controls(self):
        pairwise, tens = self.recipe.loss == "pairwise", math.log10(self.recipe.learning_rate)
        self.threshold = widgets.FloatSlider(
            self.recipe.threshold, min=0, max=max(6, 2 * self.recipe.threshold), step=0.1, readout_format=".1f", disabled=pairwise,
            description="Threshold", tooltip="Goodness above it counts as positive", **SLIDER,
        )  # fmt: skip
        self.learning_rate = widgets.FloatLogSlider(
            self.recipe.learning_rate, min=min(-5, math.floor(tens)), max=max(-1, math.ceil(tens)), step=0.1, readout_format=".2g",
            description="Learning rate", tooltip="How far each step goes; each notch is 26 % more", **SLIDER,
        )  # fmt: skip
        self.epochs = widgets.IntSlider(
            self.recipe.epochs, min=1, max=max(50, 2 * self.recipe.epochs),
            description="Epochs", tooltip="How often to go through the training images; raise it at any time to go on", **SLIDER,
        )  # fmt: skip
        why = widgets.HTML("The pairwise loss has no threshold: it compares each positive with its own negative.")
        return [self.threshold, self.learning_rate, self.epochs, *([why] if pairwise else [])]

    @property
    def state(self):
        """All that is shown, as plain numbers, texts and lists; goodness and loss are means, one number for each layer."""
        training, (g_pos, g_neg) = self.training, self._goodness.mean(dim=2).tolist()
        return {
            "running": self.running,
            "message": self.said,
            "trouble": self.trouble,  # None, "diverged" or "dead"
            "step": training.step,
            "epochs_done": training.step / training.steps_per_epoch,
            "epochs": training.epochs,
            "seconds": training.seconds,
            "seconds_left": self._seconds_left(),
            "threshold": training.threshold,
            "learning_rate": training.learning_rate,
            "goodness_pos": g_pos,
            "goodness_neg": g_neg,
            "loss": self._loss,  # over the batches since the last look; None before the first step
            "accuracy": self._right[: self._shown].mean().item(),  # on so many validation images, 0..1:
            "images": self._shown,
        }

    def close(self):
        """Take the panel off its page, stop its clock, and let go of network and data. Running its cell again does this by itself."""
        super().close()
        with self._lock:
            self.training = self.data = self._images = self._labels = self._wrong = None

    @property
    def _goodness(self):
        """Of positives and negatives as they are shown: `(2, layers, images)`."""
        return self._measured[:, :, : self._shown]

    # ---- what a panel does

    def restart(self):
        """Begin again with the same untrained network and the present settings."""
        net = self.recipe.network(seed=self.seed, device=self._images.device)
        self.training = train(net, self.data, self.recipe, seed=self.seed)
        self.training.threshold = self.threshold.value
        self.training.learning_rate = self.learning_rate.value
        self.training.epochs = self.epochs.value
        self.history, self.epoch_ends = [], []  # (epochs, accuracy, loss) at each look; (epochs, accuracy on all images)
        self._measured = torch.zeros(2, len(net.layers), len(self._labels), device=self._images.device)
        self._right = torch.zeros(len(self._labels), device=self._images.device)
        self.trouble = self._loss = self._pace = None
        self._finished, self._last_tick, self._turn = False, -math.inf, 0
        self._look(everything=True)
        self.say("Nothing trained yet: press Train.")

    def advance(self, seconds=math.inf, steps=math.inf):
        """Train for so long, up to the end of an epoch, and look at the result; return the number of steps taken, 0 at the end."""
        end, stats = time.perf_counter() + seconds, []
        for record in self.training:
            stats.append(record.stats)
            if record.epoch_done or len(stats) >= steps or time.perf_counter() >= end:
                break
        if not stats:
            self._finished = True
            done = self.training.epochs
            self.stop(f"{'Epoch 1 is' if done == 1 else f'All {done} epochs are'} done. Raise Epochs to go on.")
            return 0
        stats = torch.stack(stats)
        self._loss = stats.mean(dim=0)[0].tolist()
        self._look(everything=record.epoch_done)
        self._keep_pace(len(stats))
        return len(stats) if self._diagnose(stats) else 0

    def settle(self):
        """In a pause: look at all validation images."""
        self._pace = None
        self._look(everything=True)

    def frame(self):
        """The picture, its alternative text, and the line of figures below it."""
        state, training = self.state, self.training
        target = max(training.total_steps / training.steps_per_epoch, state["epochs_done"])
        self._figure.update(*self._goodness, threshold=training.threshold, history=self.history, dots=self.epoch_ends, target=target)
        return self._figure.png(), self._in_a_sentence(state), self._figures(state, state["epochs_done"] / target)

    # ---- the parts of it

    def _aim(self, epochs):
        """Train up to `epochs`; if the former target was reached, go on at once."""
        self.training.epochs = epochs
        if self._finished and epochs > self.training.epoch:
            self._finished, self.train_button.value = False, True

    def _look(self, everything):
        """Measure goodness and accuracy on held-out images, and note them for the curves.

        Either on all of them, or in turn on one half of the first `_live`, which are shown; the other half is then one look old.
        """
        self._turn = 1 - self._turn
        half = (self._live + 1) // 2
        start = self._turn * (self._live - half)
        part = slice(None) if everything else slice(start, start + half)
        labels, wrong = self._labels[part], self._wrong[part]
        tables = goodness_per_label(self.training.net, self._images[part], per_layer=True)  # (layers, N, 10)
        each = torch.arange(len(labels), device=labels.device)
        self._measured[:, :, part] = torch.stack([tables[:, each, labels], tables[:, each, wrong]])
        self._right[part] = (tables.sum(dim=0).argmax(dim=1) == labels).float()
        self._shown = len(self._labels) if everything else self._live
        self._dead = [layer for layer, table in enumerate(tables, start=1) if not table.any()]
        done = self.training.step / self.training.steps_per_epoch
        if self.history and self.history[-1][0] == done:
            return
        loss = math.nan if self._loss is None else sum(self._loss) / len(self._loss)
        self.history.append((done, self._right[: self._live].mean().item(), loss))
        if everything:
            self.epoch_ends.append((done, self._right.mean().item()))
        for points in (self.history, self.epoch_ends):
            if len(points) > MOST_POINTS:
                del points[1::2]

    def _diagnose(self, stats):
        """Say so if numbers are no longer finite or a layer is dead; stop and return False if nothing more can come of it."""
        if not (stats.isfinite().all() and self._measured.isfinite().all()):
            self.trouble = "diverged"
            self.stop("Diverged: the numbers are no longer finite. Lower the learning rate, then press Reset.")
            return False
        if dead := self._dead:
            self.trouble = "dead"
            which = f"Layer {dead[0]} is" if len(dead) == 1 else f"Layers {' and '.join(map(str, dead))} are"
            if 1 in dead:  # the layers above see nothing either
                self.stop()
            self.say(f"{which} dead: every goodness is exactly 0, with no slope to learn from. Lower the learning rate, then press Reset.")
        return 1 not in dead

    def _keep_pace(self, steps):
        """Follow how long a step takes with all that goes with it, from one tick to the next."""
        now, before = time.perf_counter(), self._last_tick
        self._last_tick = now
        if now - before < 1:  # the clock was running
            pace = (now - before) / steps
            self._pace = pace if self._pace is None else 0.8 * self._pace + 0.2 * pace

    def _seconds_left(self):
        return None if self._pace is None else self._pace * max(0, self.training.total_steps - self.training.step)

    def _in_a_sentence(self, state):
        """The picture in words, for those who cannot see it."""
        pairs = list(zip(state["goodness_pos"], state["goodness_neg"]))
        if self.recipe.loss == "pairwise":
            layers = [f"layer {n}: positives minus negatives {pos - neg:.2f}" for n, (pos, neg) in enumerate(pairs, start=1)]
        else:
            layers = [f"layer {n}: positives {pos:.2f}, negatives {neg:.2f}" for n, (pos, neg) in enumerate(pairs, start=1)]
            layers.append(f"threshold {state['threshold']:.1f}")
        return f"Mean goodness, {'; '.join(layers)}. Validation accuracy {state['accuracy']:.1%} after {state['epochs_done']:.1f} epochs."

    def _figures(self, state, share):
        """Progress, time left, accuracy and loss as one line of HTML."""
        training, seconds = self.training, state["seconds_left"]
        layer = f"Layer {training.phase + 1}, epoch" if self.recipe.schedule == "greedy" else "Epoch"
        left = "" if seconds is None else f"about {math.ceil(seconds)} s left" if seconds < 100 else f"about {seconds / 60:.0f} min left"
        loss = "" if state["loss"] is None else ", ".join(f"{loss:.2f}" for loss in state["loss"])
        columns = (
            (100, f'<progress max="1" value="{share:.3f}" aria-label="Progress" style="width:100%"></progress>'),
            (90, f"{layer} {min(training.epoch + 1, training.epochs)} of {training.epochs}"),
            (70, f"step {state['step']}"),
            (100, left),
            (190, f"Validation accuracy <b>{state['accuracy']:.1%}</b>"),
            (100, f"Loss {loss}" if loss else ""),
        )
        spans = "".join(f'<span style="flex:0 0 auto; min-width:{width}px">{text}</span>' for width, text in columns)
        return f'<div style="display:flex; flex-wrap:wrap; gap:0 12px; font-variant-numeric:tabular-nums">{spans}</div>'
