"""Run a recipe from its data to its error rates, and report what a reader needs to judge them."""

import sys
from dataclasses import asdict, dataclass

import torch

from ..checks import check_every_digit
from ..device import choose_device
from ..inference import error_rate, layer_error_rates, network_trouble, predict_one_pass
from ..probe import LinearProbe, PublishedProbe, baselines, features
from ..training import train, training_dtype

NO_ERRORS = {
    "train_error": None,
    "validation_error": None,
    "test_error": None,
    "layer_test_errors": [],
    "softmax_test_error": None,
}


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
    train_error: float | None  # None, as all errors, if it was not asked, or has no meaning
    test_error: float | None
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
    finished: bool  # False if training, probe or baselines were interrupted
    trouble: str | None = None  # why the network is no result: it diverged, or is dead

    def as_dict(self):
        """Return the report as plain numbers, texts and lists, ready for JSON."""
        return asdict(self)

    def __str__(self):
        state = ("" if self.finished else ", INTERRUPTED") + (", NO RESULT" if self.trouble else "")
        lines = [
            f"{self.recipe} on {self.data} "
            f"({self.train_images:,} training and {self.test_images:,} test images), "
            f"seed {self.seed}, {self.epochs} epochs{state}",
            *self._errors(),
            f"  {self.seconds:.1f} s of training on {self.device} with {self.threads} threads, "
            f"peak memory {self.peak_memory_mb:,.0f} MB, widths {self.widths}",
        ]
        return "\n".join(lines)

    def _errors(self):
        """The lines of the report that tell how good the network is."""
        if self.trouble:
            yield f"  {self.trouble}"
        if self.test_error is not None:
            detail = ", ".join(
                f"layer {number}: {error:.2%}"
                for number, error in enumerate(self.layer_test_errors, start=1)
            )
            if self.baselines:
                detail = (
                    "probe; without training: {raw_pixels:.2%} on raw pixels, "
                    "{untrained:.2%} on the untrained network"
                ).format(**self.baselines)
            errors = f"training error {self.train_error:.2%}, test error {self.test_error:.2%}"
            yield f"  {errors} ({detail or 'probe; its baselines were not fitted'})"
        if self.growth:
            grown = (f"{layers} layers {accuracy:.2%}" for layers, accuracy in self.growth)
            yield f"  accuracy as it grew: {', '.join(grown)}"
        if self.softmax_test_error is not None:
            yield f"  test error of the one-pass softmax head {self.softmax_test_error:.2%}"
        if self.validation_error is not None:
            yield f"  validation error {self.validation_error:.2%}"


def run_recipe(recipe, which="sample", *, root=None, device=None, seed=0, watch=iter, keep=None):
    """Train a recipe's network on its data and return `(Report, FFNet, Digits)`.

    which, root: see `load_mnist`. device: see `choose_device`. watch: wraps the `Training` while it
    is iterated, for a progress bar. keep: a `Checkpoint` that saves it meanwhile, or resumes it.
    Ctrl-C ends the training early, or whatever comes after it; the report then tells what the
    network has reached and says so. Raises as these do.
    """
    device = choose_device(device)
    data = recipe.load_data(which, root=root, seed=seed, device=device)
    if keep is not None and keep.resume:
        run = keep.resumed(data)
    else:
        run = train(recipe.network(seed=seed, device=device), data, recipe, seed=seed)
    if recipe.negatives == "hybrids":
        check_every_digit(data.train.labels)  # which only the probe needs, hours later
    finished = _train(run, watch, keep)
    found, done = {"baselines": None}, False
    trouble = network_trouble(run.net, data.test.images[:100])
    try:
        if trouble is None and recipe.negatives != "hybrids":
            found |= _goodness_errors(recipe, run.net, data)
        elif trouble is None:
            found |= _probe_errors(recipe, run.net, data)
            untrained = recipe.network(seed=seed, device=device)
            found |= {"baselines": baselines(untrained, data, *_probe(recipe))}
        done = finished
    except KeyboardInterrupt:
        if keep is not None:
            keep.keep(run, now=True)
    if done and keep is not None:
        keep.remove()
    report = Report(
        recipe=recipe.name,
        data=which,
        device=device_name(device),
        seed=seed,
        epochs=run.step // run.steps_per_epoch,
        widths=run.net.widths,
        **{**NO_ERRORS, **found},
        seconds=run.seconds,
        peak_memory_mb=peak_memory_mb(device),
        settings=asdict(recipe),
        threads=torch.get_num_threads(),
        precision=str(training_dtype(run.net, recipe)).removeprefix("torch."),
        train_images=len(data.train.images),
        test_images=len(data.test.images),
        growth=[list(entry) for entry in run.growth],
        finished=done,
        trouble=trouble,
    )
    return report, run.net, data


def _train(run, watch, keep):
    """Train to the end and return True, or False if Ctrl-C came before it."""
    try:
        for _ in watch(run):
            if keep is not None:
                keep.keep(run)
    except KeyboardInterrupt:
        if keep is not None:
            keep.keep(run, now=True)
        return False
    return True


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
    return dict(zip(("train_error", "validation_error", "test_error"), errors))


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
