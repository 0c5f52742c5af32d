"""The CSS classes of the panels, in one place: for style sheets, tests and screenshots."""

_PANEL = (
    "ff-panel",
    "ff-line",
    "ff-picture",
    "ff-status",
    "ff-message",
)  # and ff-presenter on a projector
_TRAINING = (*_PANEL, "ff-train", "ff-step", "ff-reset")
_LEARNING = (*_TRAINING, "ff-threshold", "ff-lr", "ff-epochs", "ff-widths", "ff-seed", "ff-reveal")
_FILES = ("ff-files", "ff-file", "ff-save", "ff-load-file")

CLASSES = {  # of each panel; the first of its own ones is the whole
    "TrainingLab": (
        *_LEARNING,
        *_FILES,
        "ff-training-lab",
        "ff-freeze",
        "ff-negatives",
        "ff-loss",
        "ff-schedule",
        "ff-guess",
        "ff-digit",  # the test image that is followed
        "ff-rewind",
        "ff-show",  # what is below the histograms
        "ff-speed",
        "ff-preset",
    ),
    "GoodnessLab": (
        *_PANEL,
        "ff-goodness-lab",
        "ff-draw",  # fresh negatives
        "ff-threshold",
        "ff-temperature",
        "ff-network",
        "ff-layer",
    ),
    "MaskLab": (
        *_PANEL,
        "ff-mask-lab",
        "ff-draw",  # the next seed
        "ff-kind",
        "ff-blurs",
        "ff-kernel",
        "ff-sigma",
        "ff-cut",
        "ff-padding",
        "ff-seed",
        "ff-patch",  # how large the patches of the game are
        "ff-say-digit",
        "ff-say-hybrid",
        "ff-score",
    ),
    "ProbeLab": (*_LEARNING, *_FILES, "ff-probe-lab", "ff-mask", "ff-blurs", "ff-labels"),
    "RaceLab": (
        *_TRAINING,
        "ff-race-lab",
        "ff-lr",  # both learning rates
        "ff-forward-rate",
        "ff-backward-rate",
        "ff-epochs",
        "ff-widths",
        "ff-seed",
    ),
    "DigitPad": (
        *_TRAINING,
        "ff-digit-pad",
        "ff-load",  # a test digit
        "ff-pad",  # the drawing, which holds ff-canvas and ff-clear
        "ff-canvas",
        "ff-clear",
        "ff-overlay",
        "ff-strength",
    ),
}
