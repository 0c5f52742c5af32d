"""The mask lab: turn every control of the masks from which hybrids are made."""

import ipywidgets as widgets
import torch

from ...data import load_mnist
from ...masks import PADDINGS, blur_stages, gaussian_stages, hybrids
from ..shared.controls import ROW, rounded, small
from ..shared.panel import SLIDER, Panel
from .game import PatchGame
from .measures import agreement, agreement_by_chance, correlation_length, shares_of_ones
from .picture import SIZE, mask_scene
from .words import answered, figures, in_a_sentence, score, titles, verdict

MASKS = 1000  # drawn and measured; the picture shows the first
KINDS = {"Hinton: bits, many blurs": "blur", "System C: three Gaussians": "gaussian"}
MOST_BLURS, LARGEST_KERNEL, LARGEST_SIGMA, LAST_SEED = 48, 15, 28.0, 2**31 - 1
PATCHES = 3, 20  # rows and columns of the smallest and of the largest patch of the game


def gaussians(kernel, sigma):
    """Return system C's three blurs, (pixels, sigma) each, for another size of the middle one.

    >>> gaussians(7, 14.0)
    ((5, 7.0), (7, 14.0), (5, 7.0))
    """
    outer = max(kernel - 2, 1), sigma / 2
    return outer, (kernel, sigma), outer


class MaskLab(Panel):
    """See how noise becomes a mask and two digits a hybrid, and turn every control.

    mask: "blur" is Hinton's: bits, blurred `blurs` (0..48) times; "gaussian" is system C's: noise
    and three Gaussians, the middle one of `kernel` pixels (odd, 1..15) with `sigma` (0.5..28). cut:
    the mask is 1 where the blurred noise is above it. padding: "reflect", "zeros" or "circular".
    seed: of noise and digits. patch: rows and columns (3..20) of the game's patches. presenter: for
    a projector. Raises ValueError for anything else. From code `run(steps)` presses "Fresh draw"
    and `answer("hybrid")` plays; `state`, `stages` and `game` tell the rest.

    >>> 0.4 < MaskLab(blurs=8).state["ones"] < 0.6
    True
    """

    SIZE = SIZE

    def __init__(
        self,
        mask="blur",
        *,
        blurs=8,
        kernel=7,
        sigma=14.0,
        cut=0.5,
        padding="reflect",
        seed=0,
        patch=9,
        presenter=False,
    ):
        _check(mask, blurs, kernel, sigma, cut, padding, seed, patch)
        self._train, self.presenter = load_mnist().train, presenter
        self._make_controls(mask, blurs, kernel, sigma, cut, padding, seed, patch)
        fresh = self.button(
            "Fresh draw",
            "Other noise and other digits: the next seed",
            lambda: self.do(self.again),
            "draw",
            button_style="primary",
        )
        essential = self.kind, self.blurs, self.kernel, self.sigma, self.cut
        everything = (*essential, self.padding, self.seed)
        super().__init__(
            [fresh],
            everything,
            name="ff-mask-lab",
            presenter=presenter,
            essential=essential,
            below=[self._make_game()],
            follows={
                "blurs": self.blurs,
                "kernel": self.kernel,
                "sigma": self.sigma,
                "cut": self.cut,
            },
        )
        self.draw_button = fresh
        self._made_with = self._dealt_with = None  # the settings of the stages, and of the game
        for control, css in zip(
            everything,
            ("ff-kind", "ff-blurs", "ff-kernel", "ff-sigma", "ff-cut", "ff-padding", "ff-seed"),
        ):
            self.follow(control, css, lambda value: self._fit())
        self.follow(self.patch, "ff-patch")
        self._fit()
        self.draw()

    def _make_controls(self, mask, blurs, kernel, sigma, cut, padding, seed, patch):
        kind = next(name for name, value in KINDS.items() if value == mask)
        self.kind = widgets.Dropdown(
            options=list(KINDS),
            value=kind,
            description="Kind of mask",
            **small(430 if self.presenter else 290),
        )
        self.blurs = widgets.IntSlider(
            blurs,
            min=0,
            max=MOST_BLURS,
            description="Blurs",
            tooltip="How often [1/4, 1/2, 1/4] is applied",
            **SLIDER,
        )
        self.kernel = widgets.IntSlider(
            kernel,
            min=1,
            max=LARGEST_KERNEL,
            step=2,
            description="Kernel",
            tooltip="Pixels of the middle Gaussian; the others have two less",
            **SLIDER,
        )
        self.sigma = widgets.FloatSlider(
            sigma,
            min=0.5,
            max=LARGEST_SIGMA,
            step=0.1,
            readout_format=".1f",
            description="Sigma",
            tooltip="Of the middle Gaussian, in pixels; the others have half",
            **SLIDER,
        )
        self.cut = widgets.FloatSlider(
            cut,
            min=0,
            max=1,
            step=0.01,
            readout_format=".2f",
            description="Cut",
            tooltip="The mask is 1 where the blurred noise is above it",
            **SLIDER,
        )
        self.padding = widgets.Dropdown(
            options=list(PADDINGS),
            value=padding,
            description="Padding",
            **small(160),
        )
        self.seed = widgets.BoundedIntText(
            seed, min=0, max=LAST_SEED, description="Seed", **small(130)
        )
        self.patch = widgets.IntSlider(
            patch,
            min=PATCHES[0],
            max=PATCHES[1],
            description="Patch",
            tooltip="Rows and columns of the patches of the game",
            **SLIDER | {"layout": {"flex": "0 1 300px"}},
        )

    def _make_game(self):
        """Return the row of the game: how large, the two answers, and the score."""
        self.digit_button, self.hybrid_button = (
            self.button(
                f"A {kind}",
                what,
                lambda kind=kind: self.do(lambda: self._play(kind)),
                f"say-{kind}",
            )
            for kind, what in (
                ("digit", "The patch is cut from a real digit"),
                ("hybrid", "The patch is cut from a hybrid"),
            )
        )
        self.score = widgets.HTML(layout={"margin": "0 2px"})
        self.score.add_class("ff-score")
        row = [self.patch, self.digit_button, self.hybrid_button, self.score]
        return widgets.HBox(row, layout=ROW)

    @property
    def arguments(self):
        return {
            "mask": self.mask,
            "blurs": self.blurs.value,
            "kernel": self.kernel.value,
            "sigma": rounded(self.sigma.value),
            "cut": rounded(self.cut.value),
            "padding": self.padding.value,
            "seed": self.seed.value,
            "patch": self.patch.value,
        }

    @property
    def mask(self):
        """The kind of mask, as a recipe names it: "blur" or "gaussian"."""
        return KINDS[self.kind.value]

    @property
    def state(self):
        """All that is shown, as numbers, texts and lists; shares are 0..1, distances in pixels."""
        with self._lock:
            self._make()
            return {
                "message": self.said,
                "mask": self.mask,
                "blurs": self.blurs.value,
                "gaussians": self._gaussians,  # (kernel size, sigma) of each
                "cut": rounded(self.cut.value),
                "padding": self.padding.value,
                "seed": self.seed.value,
                "digits": self.labels.tolist(),
                **self._measured,
                # the patch that is asked about, row by row, and how the answers fared so far
                "patch": self.game.patch.tolist(),
                "asked": self.game.asked,
                "right": self.game.right,
                "last": self.game.last and self.game.last[:2],  # (answer, truth), or None
            }

    def forget(self):
        self._train = self.stages = self.digits = self.hybrid = self.game = None

    # ---- what the panel does

    def draw(self):
        super().draw()
        self.score.value = score(self.game)
        self.say(answered(self.game) if self.game.last else verdict(self.state))

    def answer(self, kind):
        """Say of the patch that it is cut from a "digit" or a "hybrid"; return `state`."""
        with self._lock:
            self._play(kind)
            self.draw()
            return self.state

    def _play(self, kind):
        self._make()
        self.game.answer(kind)

    def again(self):
        self.seed.value = 0 if self.seed.value == LAST_SEED else self.seed.value + 1

    def scene(self, state):
        masks = self.stages.masks
        return mask_scene(
            [stage[0] for stage in self.stages],
            self.digits,
            self.hybrid,
            words=titles(state, self.stages.blurred[0]),
            share=masks.mean(dim=0),
            agreement=state["agreement"],
            chance=self._chance,
            length=state["correlation_length"],
            masks=MASKS,
            game=self.game,
        )

    def words(self, state):
        return in_a_sentence(state, MASKS, self.game), figures(state)

    def _make(self):
        """Draw and measure the masks of the controls, stitch two digits, and begin the game."""
        settings = self.arguments
        if settings == self._dealt_with:
            return
        self._make_masks({name: value for name, value in settings.items() if name != "patch"})
        masks, size, seed = self.stages.masks[1:], self.patch.value, self.seed.value
        self.game = PatchGame(self._train.images, self._train.labels, masks, size, seed)
        self._dealt_with = settings

    def _make_masks(self, settings):
        if settings == self._made_with:
            return
        generator = torch.Generator().manual_seed(self.seed.value)
        shared = {
            "padding": self.padding.value,
            "cut": rounded(self.cut.value),
            "generator": generator,
        }
        if self.mask == "blur":
            self.stages = blur_stages(MASKS, blurs=self.blurs.value, **shared)
        else:
            self.stages = gaussian_stages(MASKS, gaussians=self._gaussians, **shared)
        generator.manual_seed(self.seed.value)  # the same digits for every kind of mask
        order = torch.randperm(len(self._train.images), generator=generator, device="cpu")
        self.digits, self.labels = self._train.take(order[:2])
        twice = self.stages.masks[:1].expand(2, -1)
        self.hybrid = hybrids(self.digits, twice, generator=generator)[0]
        self._measure(self.stages.masks)
        self._made_with = settings

    def _measure(self, masks):
        whole, centre, rim = shares_of_ones(masks)
        agree, self._chance = agreement(masks), agreement_by_chance(masks)
        self._measured = {
            "ones_shown": masks[0].mean().item(),  # in the mask of the picture; the rest of all
            "neighbours_agree": agree[1].item(),
            "agreement": agree.tolist(),  # against distance, from 0
            "correlation_length": correlation_length(masks),  # NaN if the masks are all alike
            "ones": whole,
            "ones_centre": centre,
            "ones_rim": rim,
        }

    @property
    def _gaussians(self):
        return gaussians(self.kernel.value, rounded(self.sigma.value))

    def _fit(self):
        """Show the sliders of this kind of mask; a kernel that was typed in gets a middle."""
        for slider, kind in (
            (self.blurs, "blur"),
            (self.kernel, "gaussian"),
            (self.sigma, "gaussian"),
        ):
            slider.layout.display = None if kind == self.mask else "none"
        if self.kernel.value % 2 == 0:
            self.kernel.value += 1


def _check(mask, blurs, kernel, sigma, cut, padding, seed, patch):
    """Raise ValueError, in words, for arguments that the controls cannot show."""
    for name, value, choices in (
        ("mask", mask, tuple(KINDS.values())),
        ("padding", padding, PADDINGS),
    ):
        if value not in choices:
            raise ValueError(f"{name}={value!r}: choose one of {choices}")
    whole = {
        "blurs": (blurs, 0, MOST_BLURS),
        "kernel": (kernel, 1, LARGEST_KERNEL),
        "seed": (seed, 0, LAST_SEED),
        "patch": (patch, *PATCHES),
    }
    for name, (value, least, most) in (
        whole | {"sigma": (sigma, 0.5, LARGEST_SIGMA), "cut": (cut, 0, 1)}
    ).items():
        kind = "whole number" if name in whole else "number"
        if (
            isinstance(value, bool)
            or not isinstance(value, int if name in whole else (int, float))
            or not least <= value <= most
        ):
            raise ValueError(f"{name}={value!r}: expected a {kind} from {least} to {most}")
    if kernel % 2 == 0:
        raise ValueError(
            f"kernel={kernel}: a kernel needs a middle, so give it an odd number of pixels"
        )
