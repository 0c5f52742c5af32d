"""The mask lab: turn every control of the masks from which hybrids are made."""

import ipywidgets as widgets
import torch

from ...data import load_mnist
from ...masks import PADDINGS, blur_stages, gaussian_stages, hybrids
from ..shared.controls import rounded, small
from ..shared.panel import SLIDER, Panel, close_all, without_defaults
from .measures import agreement, agreement_by_chance, correlation_length, shares_of_ones
from .picture import SIZE, MaskPicture
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
        self.draw_button = widgets.Button(
            description="Fresh draw",
            tooltip="Other noise and other digits: the next seed",
            button_style="primary",
            layout={"width": "auto"},
        )
        self.draw_button.add_class("ff-draw")
        essential = self.kind, self.blurs, self.kernel, self.sigma, self.cut
        everything = (*essential, self.padding, self.seed)
        super().__init__(
            [self.draw_button],
            everything,
            name="ff-mask-lab",
            size=SIZE,
            presenter=presenter,
            essential=essential,
        )
        self._all_controls = everything
        self._figure = MaskPicture(masks=MASKS, scale=self.scale)
        self.said = ""
        self._shown = None  # the settings that the stages belong to
        for control, css in zip(
            everything,
            ("ff-kind", "ff-blurs", "ff-kernel", "ff-sigma", "ff-cut", "ff-padding", "ff-seed"),
        ):
            self.follow(control, css, lambda value: self._fit())
        self.draw_button.on_click(lambda button: self.do(self._next))
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
    def settings(self):
        """The arguments that make this panel again, as it is set now."""
        return without_defaults(
            {
                "mask": (self.mask, "blur"),
                "blurs": (self.blurs.value, 8),
                "kernel": (self.kernel.value, 7),
                "sigma": (rounded(self.sigma.value), 14.0),
                "cut": (rounded(self.cut.value), 0.5),
                "padding": (self.padding.value, "reflect"),
                "seed": (self.seed.value, 0),
                "presenter": (self.presenter, False),
            }
        )

    @property
    def mask(self):
        """The kind of mask, as a recipe names it: "blur" or "gaussian"."""
        return KINDS[self.kind.value]

    @property
    def state(self):
        """All that is shown, as numbers, texts and lists; shares are 0..1, distances in pixels."""
        with self._lock:
            self._make()
            masks = self.stages.masks
            whole, centre, rim = shares_of_ones(masks)
            agree = agreement(masks)
            return {
                "message": self.said,
                "mask": self.mask,
                "blurs": self.blurs.value,
                "gaussians": self._gaussians,  # (kernel size, sigma) of each
                "cut": rounded(self.cut.value),
                "padding": self.padding.value,
                "seed": self.seed.value,
                "digits": self.labels.tolist(),
                "ones_shown": masks[0].mean().item(),  # in the mask of the picture; the rest of all
                "neighbours_agree": agree[1].item(),
                "agreement": agree.tolist(),  # against distance, from 0
                "correlation_length": correlation_length(masks),  # NaN if the masks are all alike
                "ones": whole,
                "ones_centre": centre,
                "ones_rim": rim,
            }

    def run(self, steps):
        """Press "Fresh draw" `steps` times and return `state`; exceptions are raised."""
        with self._lock:
            for _ in range(steps):
                self._next()
            self.draw()
            return self.state

    def close(self):
        """Take the panel off its page, as running its cell again does, and free the data."""
        super().close()
        for control in (*self._all_controls, self.line_button):
            close_all(control)
        with self._lock:
            self._train = self.stages = self.digits = self.hybrid = None

    # ---- what the panel does

    def draw(self):
        super().draw()
        self.say(verdict(self.state))

    def frame(self):
        state, masks = self.state, self.stages.masks
        self._figure.update(
            [stage[0].reshape(28, 28) for stage in self.stages],
            self.digits,
            self.hybrid,
            words=titles(state, self.stages.blurred[0]),
            share=masks.mean(dim=0),
            agreement=state["agreement"],
            chance=agreement_by_chance(masks),
            length=state["correlation_length"],
        )
        return self._figure.png(), in_a_sentence(state, MASKS), figures(state)

    def _make(self):
        """Draw the masks that the controls ask for, and stitch two digits along the first."""
        settings = self.settings
        if settings == self._shown:
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
        self._shown = settings

    @property
    def _gaussians(self):
        return gaussians(self.kernel.value, rounded(self.sigma.value))

    def _next(self):
        """Take the next seed."""
        self.seed.value = 0 if self.seed.value == LAST_SEED else self.seed.value + 1

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
