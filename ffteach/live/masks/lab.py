"""The mask lab: turn every control of the masks from which hybrids are made."""

import ipywidgets as widgets
import torch

from ...data import load_mnist
from ...masks import PADDINGS, blur_stages, gaussian_stages, hybrids
from ..shared.controls import rounded, small
from ..shared.panel import SLIDER, Panel
from .measures import agreement, agreement_by_chance, correlation_length, shares_of_ones
from .picture import SIZE, mask_scene
from .words import figures, in_a_sentence, titles, verdict

MASKS = 1000  # drawn and measured; the picture shows the first
KINDS = {"Hinton: bits, many blurs": "blur", "System C: three Gaussians": "gaussian"}
MOST_BLURS, LARGEST_KERNEL, LARGEST_SIGMA, LAST_SEED = 48, 15, 28.0, 2**31 - 1


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
    seed: of noise and digits. presenter: for a projector. Raises ValueError for anything else.
    `run(steps)` presses "Fresh draw" from code; `state` and `stages` tell the rest.

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
        presenter=False,
    ):
        _check(mask, blurs, kernel, sigma, cut, padding, seed)
        self._train, self.presenter = load_mnist().train, presenter
        self._make_controls(mask, blurs, kernel, sigma, cut, padding, seed)
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
            follows={
                "blurs": self.blurs,
                "kernel": self.kernel,
                "sigma": self.sigma,
                "cut": self.cut,
            },
        )
        self.draw_button = fresh
        self._made_with = None  # the settings that the stages belong to
        for control, css in zip(
            everything,
            ("ff-kind", "ff-blurs", "ff-kernel", "ff-sigma", "ff-cut", "ff-padding", "ff-seed"),
        ):
            self.follow(control, css, lambda value: self._fit())
        self._fit()
        self.draw()

    def _make_controls(self, mask, blurs, kernel, sigma, cut, padding, seed):
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
            }

    def forget(self):
        self._train = self.stages = self.digits = self.hybrid = None

    # ---- what the panel does

    def draw(self):
        super().draw()
        self.say(verdict(self.state))

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
        )

    def words(self, state):
        return in_a_sentence(state, MASKS), figures(state)

    def _make(self):
        """Draw and measure the masks of the controls, and stitch two digits along the first."""
        settings = self.arguments
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


def _check(mask, blurs, kernel, sigma, cut, padding, seed):
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
