"""The field lab: a layer of local receptive fields learns while you turn masks and peers."""

import time

import ipywidgets as widgets
import torch

from ..checks import check_positive, check_seed
from ..data import load_mnist
from ..layers import goodness
from ..live.shared.panel import SLIDER, Panel
from ..live.shared.scene import axes, goodness_axes, goodness_legend, image_axes, level, line
from ..live.shared.words import in_columns
from ..masks import blur_masks, hybrids
from ..plots import mosaic
from ..recipe import Recipe
from ..training import train
from .local import local_network

RECIPE = Recipe(name="field lab", widths=(784, 1), negatives="hybrids", threshold=0.5, epochs=20)
FIELDS = {f"{field} x {field}": field for field in (5, 7, 10, 13, 28)}
STRIDE, UNITS = 3, 16  # in pixels; at each place
LOOKED_AT, END = 300, 1.5  # validation digits for a picture; of the goodness axis
EVERY = 10  # steps from point to point of the curve


class FieldLab(Panel):
    """Watch local receptive fields learn; turn the masks' blurs and the pull of the peers.

    field: side of a patch, one of 5, 7, 10, 13, 28 (waits for Reset). blurs: of the hybrids' masks,
    0..48. peer: strength of peer normalisation, 0..0.3. seed: of weights and hybrids. Raises
    ValueError for anything else. `run(steps)` trains from code; `training` and `state` tell the
    rest.

    >>> FieldLab(field=7).run(5)["step"]
    5
    """

    SIZE = 840, 300

    def __init__(self, field=7, *, blurs=8, peer=0.0, seed=0, presenter=False):
        if field not in FIELDS.values():
            raise ValueError(f"field={field!r}: choose one of {tuple(FIELDS.values())}")
        if isinstance(blurs, bool) or blurs not in range(49):
            raise ValueError(f"blurs={blurs!r}: expected a whole number from 0 to 48")
        if peer != 0:
            check_positive(peer=peer)
        if peer > 0.3:
            raise ValueError(f"peer={peer!r}: expected a number from 0 to 0.3")
        self.seed, self.data = check_seed(seed), load_mnist(validation=2000)
        self.field = widgets.Dropdown(
            options=FIELDS, value=field, description="Field", layout={"width": "190px"}
        )
        self.blurs = widgets.IntSlider(blurs, min=0, max=48, description="Blurs", **SLIDER)
        self.peer = widgets.FloatSlider(
            peer, min=0, max=0.3, step=0.01, description="Peer normalisation", **SLIDER
        )
        controls = self.field, self.blurs, self.peer
        super().__init__(
            [],
            controls,
            name="ff-field-lab",
            trains=True,
            presenter=presenter,
            essential=controls,
        )
        self.follow(self.field, "ff-field", self._wait)
        self.follow(self.blurs, "ff-blurs")
        self.follow(self.peer, "ff-peer", self._pull)
        self.restart()
        self.draw()

    @property
    def arguments(self):
        settings = {"blurs": self.blurs.value, "peer": round(self.peer.value, 4)}
        return {"field": self.field.value, **settings, "seed": self.seed}

    def restart(self):
        generator = torch.Generator().manual_seed(self.seed)
        self.net = local_network([(self.field.value, STRIDE, UNITS)], generator=generator)
        self.start = self.net.layers[0].weight.detach().clone()
        recipe = RECIPE.but(peer_normalisation=self.peer.value)
        self.training = train(self.net, self.data, recipe, seed=self.seed, draw=self._hybrids)
        self.curve = []  # (step, share of the validation digits above their hybrid)
        self._look()
        self.say("Untrained. Train: the fields show how the weights of one unit a place change.")

    def advance(self, seconds, steps):
        end, taken = time.perf_counter() + seconds, 0
        for _ in self.training:
            taken += 1
            if taken >= steps or time.perf_counter() >= end:
                break
        if not taken:
            self.stop("All epochs are done.")
            return 0
        self._look()
        return taken

    def forget(self):
        self.training = self.data = self.net = self.start = None

    @property
    def state(self):
        """Where the training stands, and what the layer does on unseen digits; shares are 0..1."""
        training = self.training
        return {
            "message": self.said,
            "step": training.step,
            "field": self.net.layers[0].field,
            "blurs": self.blurs.value,
            "peer": self.peer.value,
            "in_order": self.curve[-1][1],
            "silent": self._activity.eq(0).double().mean().item(),
            "goodness_pos": self._goodness[0].mean().item(),
            "goodness_neg": self._goodness[1].mean().item(),
        }

    def scene(self, state):
        layer = self.net.layers[0]
        change = (layer.weight.detach() - self.start)[:, 0].cpu()
        places = layer.at(self._activity.double()).mean(dim=2)
        steps, shares = zip(*self.curve)
        end = max(100, steps[-1])
        return {
            "axes": [
                image_axes(
                    (24, 34, 230, 230), mosaic(change, layer.grid), "A unit a place: change",
                    limits=(-1, 1),
                ),
                image_axes(
                    (280, 34, 110, 110), places.numpy(), "Mean activity",
                    limits=(0, max(places.max().item(), 1e-9)),
                ),
                goodness_axes(
                    (450, 34, 360, 100), *self._goodness.numpy(), RECIPE.threshold, END,
                    xlabel="goodness", ylabel="digits",
                ),
                axes(
                    (450, 196, 360, 70),
                    [level(0.5, "chance"), line(steps, shares, "series0")],
                    x=(0, end), y=(0.4, 1), title="Digits above their hybrid", align="start",
                    xlabel="step", xticks=[(0, "0"), (end, str(end))],
                    yticks=[(0.5, "50%"), (1.0, "100%")],
                ),
            ],
            "legends": [goodness_legend((450, 14))],
        }  # fmt: skip

    def words(self, state):
        shown = (
            (90, f"step {state['step']}"),
            (190, f"above their hybrid <b>{state['in_order']:.0%}</b>"),
            (170, f"silent units <b>{state['silent']:.1%}</b>"),
        )
        alt = (
            f"Local fields, {state['field']} x {state['field']}, after {state['step']} steps: "
            f"goodness {state['goodness_pos']:.2f} of digits, {state['goodness_neg']:.2f} of "
            f"hybrids; {state['in_order']:.0%} of the digits above their hybrid; "
            f"{state['silent']:.1%} of the units silent for all of {LOOKED_AT} digits."
        )
        return alt, in_columns(shown)

    def _hybrids(self, images, *, generator):
        masks = blur_masks(
            len(images), blurs=self.blurs.value, generator=generator, device=images.device
        )
        return hybrids(images, masks, generator=generator)

    def _pull(self, strength):
        self.training.recipe = self.training.recipe.but(peer_normalisation=strength)

    def _wait(self, field):
        self.say("Another field needs a new network: it waits for Reset.")

    @torch.no_grad()
    def _look(self):
        images = self.data.validation.images[:LOOKED_AT]
        negatives = self._hybrids(images, generator=torch.Generator().manual_seed(5))
        h_pos, h_neg = (self.net.layers[0](x) for x in (images, negatives))
        self._goodness = torch.stack([goodness(h_pos), goodness(h_neg)]).cpu()
        self._activity = h_pos.mean(dim=0).cpu()
        share = (self._goodness[0] > self._goodness[1]).double().mean().item()
        if len(self.curve) > 1 and self.curve[-1][0] - self.curve[-2][0] < EVERY:
            self.curve.pop()
        self.curve.append((self.training.step, share))
