"""Run a recipe from its data to its error rates, and report what a reader needs to judge them."""

import sys
from dataclasses import asdict, dataclass

import torch

from ..device import choose_device
from ..inference import error_rate, layer_error_rates, predict_one_pass
from ..probe import LinearProbe, PublishedProbe, baselines, features
from ..training import train, training_dtype


@dataclass(frozen=True)
class Report:
    """What a run reached, on which data, with which settings and means.

    Errors are shares of wrong answers, 0..1. Of a network trained with hybrids, which knows no
    labels, they are those of the recipe's probe: it sees several layers at once, so
    `layer_test_errors` is empty, and `baselines` says what the same probe makes of the test images
    without any training.
    """

    recipe: str
    data: str  # "sample" or "full"
    device: str
    seed: int
    epochs: int  # finished in all, each layer's counted with the greedy schedule
    widths: list[int]
    train_error: float
    test_error: float
    layer_test_errors: list[float]
    softmax_test_error: float | None  # of the one-pass softmax head; None without one
    baselines: dict | None  # test errors: raw_pixels, untrained; None for a supervised recipe
    seconds: float  # of training alone
    peak_memory_mb: float
    settings: dict
    threads: int
    precision: str  # of the large matrix products while training, if the machine can
    train_images: int
    test_images: int
    validation_error: float | None
    growth: list
    finished: bool  # False if training was interrupted

    def as_dict(self):
        """Return the report as plain numbers, texts and lists, ready for JSON."""
        return asdict(self)

    def __str__(self):
        if self.baselines:
            detail = (
                "probe; without training: {raw_pixels:.2%} on raw pixels, "
                "{untrained:.2%} on the untrained network"
            ).format(**self.baselines)
        else:
            detail = ", ".join(
                f"layer {index}: {error:.2%}" for index, error in enumerate(self.layer_test_errors)
            )
        lines = [
            f"{self.recipe} on {self.data} "
            f"({self.train_images:,} training and {self.test_images:,} test images), "
            f"seed {self.seed}, {self.epochs} epochs" + ("" if self.finished else ", INTERRUPTED"),
            f"  training error {self.train_error:.2%}, test error {self.test_error:.2%} ({detail})",
            f"  {self.seconds:.1f} s of training on {self.device} with {self.threads} threads, "
            f"peak memory {self.peak_memory_mb:,.0f} MB, widths {self.widths}",
        ]
        if self.validation_error is not None:
            lines.insert(2, f"  validation error {self.validation_error:.2%}")
        if self.softmax_test_error is not None:
            lines.insert(
                2, f"  test error of the one-pass softmax head {self.softmax_test_error:.2%}"
            )
        if self.growth:
            lines.insert(
                2,
                "  accuracy as it grew: "
                + ", ".join(f"{layers} layers {accuracy:.2%}" for layers, accuracy in self.growth),
            )
        return "\n".join(lines)


def run_recipe(recipe, which="sample", *, root=None, device=None, seed=0, watch=iter):
    """Train a recipe's network on its data and return `(Report, FFNet, Digits)`.

    which, root: see `load_mnist`. device: see `choose_device`. watch: wraps the `Training` while it
    is iterated, for a progress bar. Ctrl-C ends the training early; the report then tells what the
    network has reached and says so.
    """
    device = choose_device(device)
    data = recipe.load_data(which, root=root, seed=seed, device=device)
    net = recipe.network(seed=seed, device=device)
    run = train(net, data, recipe, seed=seed)
    untrained = (
        baselines(net, data, *_probe(recipe)) if recipe.negatives == "hybrids" else None
    )  # now: the network is still untrained
    epochs, finished = 0, False
    try:
        for record in watch(run):
            epochs += record.epoch_done
        finished = True
    except KeyboardInterrupt:
        pass
    return (
        Report(
            recipe=recipe.name,
            data=which,
            device=device_name(device),
            seed=seed,
            epochs=epochs,
            widths=net.widths,
            **(
                _goodness_errors(recipe, net, data)
                if untrained is None
                else _probe_errors(recipe, net, data)
            ),
            baselines=untrained,
            seconds=run.seconds,
            peak_memory_mb=peak_memory_mb(device),
            settings=asdict(recipe),
            threads=torch.get_num_threads(),
            precision=str(training_dtype(net, recipe)).removeprefix("torch."),
            train_images=len(data.train.images),
            test_images=len(data.test.images),
            growth=[list(entry) for entry in run.growth],
            finished=finished,
        ),
        net,
        data,
    )


def _goodness_errors(recipe, net, data):
    """The error rates by goodness of a network that was trained with labels."""
    options = {"layers": recipe.counted_layers(net), "shift": recipe.predict_shift}
    test, softmax_error = data.test, None
    if net.head is not None:
        wrong = predict_one_pass(net, test.images) != test.labels
        softmax_error = wrong.double().mean().item()
    held_out = len(data.validation.images) > 0
    return {
        "train_error": error_rate(net, data.train, **options),
        "validation_error": error_rate(net, data.validation, **options) if held_out else None,
        "test_error": error_rate(net, test, **options),
        "layer_test_errors": layer_error_rates(net, test, shift=recipe.predict_shift),
        "softmax_test_error": softmax_error,
    }


def _probe_errors(recipe, net, data):
    """The error rates of the recipe's probe on a network that was trained without labels."""
    make_probe, layers, normalised = _probe(recipe)
    seen = [
        features(net, split.images, layers=layers, normalised=normalised)
        if len(split.images)
        else None
        for split in data
    ]
    probe = make_probe().fit(seen[0], data.train.labels)
    errors = [None if x is None else probe.error(x, split.labels) for x, split in zip(seen, data)]
    return {
        **dict(zip(("train_error", "validation_error", "test_error"), errors)),
        "layer_test_errors": [],
        "softmax_test_error": None,
    }


def _probe(recipe):
    """What the recipe's `probe` stands for: the class, its layers, whether rows are normalised."""
    published = recipe.probe == "published"
    return PublishedProbe if published else LinearProbe, recipe.probe_layers, not published


def device_name(device):
    """Return "cpu", or a GPU's index and model such as "cuda:0 (NVIDIA H100)"."""
    return (
        f"{device} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else str(device)
    )


def peak_memory_mb(device):
    """Return the most memory used so far in MiB, of the GPU on CUDA, else of this process.

    0.0 where the system does not tell.
    """
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    try:
        import resource  # not on Windows
    except ImportError:
        return 0.0
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB on Linux
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
