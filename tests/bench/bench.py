"""How fast ffteach is, measured side by side in one run: `make bench`. Reports, asserts nothing.

Prints Markdown tables. What is compared takes turns, and its best turn counts, so that a passing
disturbance hits no side alone; but a machine that is busy with other work still gives other ratios:
run it on a quiet one. "plain" is `ffteach.plain`.
"""

import functools
import itertools
import math
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

import torch

from ffteach import (
    RECIPES,
    Recipe,
    Split,
    error_rate,
    goodness_per_label,
    load_mnist,
    plain,
    train,
)
from ffteach.device import choose_device, matrix_dtype, usable_cores
from ffteach.runs import grid, sweep
from ffteach.runs.report import peak_memory_mb

ENOUGH = 3  # seconds of measuring for each side
TURN = 0.05  # seconds at a time: what it needs is then in the cache, as while a network trains
# system A: its test error, and the full-batch steps of its two layers
PUBLISHED_ERROR, PUBLISHED_STEPS = 0.0733, 1300 + 1200


def timed(run, calls):
    """The seconds that one of `calls` calls in a row takes."""
    started = time.perf_counter()
    for _ in range(calls):
        run()
    return (time.perf_counter() - started) / calls


def race(*runners, seconds=ENOUGH):
    """Let the runners take turns, again and again, each of as many calls as fill `TURN`; return the
    seconds that a call took in each one's best turn."""
    for run in runners:
        run()  # warm
    calls = [math.ceil(TURN / timed(run, 1)) for run in runners]
    best = [float("inf")] * len(runners)
    end = time.perf_counter() + seconds * len(runners)
    while time.perf_counter() < end:
        for side, run in enumerate(runners):
            best[side] = min(best[side], timed(run, calls[side]))
    return best


def table(title, head, rows):
    """Print a Markdown table."""
    print(f"\n**{title}**\n")
    for row in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(map(str, row)) + " |")
    sys.stdout.flush()


@functools.cache
def sample():
    return load_mnist()


def digits(count):
    """`count` training digits, those of the sample again and again."""
    images, labels = sample().train
    positions = torch.arange(count) % len(images)
    return Split(images[positions], labels[positions])


def first_digits(count):
    return Split(*(part[:count].clone() for part in sample().train))


def recipe_of(widths, batch_size, **settings):
    return Recipe(
        **{
            "widths": widths,
            "batch_size": batch_size,
            "epochs": 10**6,
            "rate_decay": "none",
            **settings,
        }
    )


def stepper(recipe, data):
    """A function that takes one training step."""
    run = train(recipe.network(), data, recipe)
    return lambda: next(run)


# ---- against the plain way


def plain_layers(widths):
    """The layers of `ffteach.plain`, with the fused form of the same optimiser."""
    layers = [plain.Layer(*sides) for sides in itertools.pairwise(widths)]
    for layer in layers:
        layer.optimiser = torch.optim.Adam(layer.parameters(), lr=1e-3, fused=True)
    return layers


def plain_stepper(recipe, data):
    """The same step as one would first write it: autograd on overlays that are written out."""
    images, labels = data
    batches = itertools.cycle(torch.randperm(len(images)).split(recipe.batch_size))
    layers = plain_layers(recipe.widths)

    def step():
        batch = next(batches)
        plain.step(layers, images[batch], labels[batch])

    return step


def against_the_plain_way():
    rows, data = [], first_digits(10_000)
    for widths, batch in (
        ((784, 500), 100),
        ((784, 500, 500), 100),
        ((784, 500), 1000),
        ((784, 2000, 2000), 1000),
    ):
        recipe = recipe_of(widths, batch)
        ours, theirs = race(stepper(recipe, data), plain_stepper(recipe, data))
        rows.append(
            [
                f"step, {'-'.join(map(str, widths))}, batch {batch}",
                f"{1000 * ours:.1f} ms",
                f"{1000 * theirs:.1f} ms",
                f"{theirs / ours:.1f}",
            ]
        )
    images = data.images[:2000]
    for widths in ((784, 500), (784, 500, 500), (784, 2000, 2000)):
        net = recipe_of(widths, 100).network()
        layers = plain_layers(widths)
        ours, theirs = race(
            lambda: goodness_per_label(net, images),
            lambda: [plain.predict(layers, part) for part in images.split(500)],
        )
        rows.append(
            [
                f"goodness of ten labels, {'-'.join(map(str, widths))}, 2 000 images",
                f"{1000 * ours:.0f} ms",
                f"{1000 * theirs:.0f} ms",
                f"{theirs / ours:.1f}",
            ]
        )
    table(
        "Against autograd on materialised overlays, and ten plain passes",
        ["what", "ffteach", "plain", "times faster"],
        rows,
    )


# ---- what bfloat16 brings


def float32_against_bfloat16():
    if matrix_dtype("bfloat16", "cpu") == torch.float32:
        print("\nThis CPU has no bfloat16 instructions: precision='bfloat16' means float32 here.")
        return
    rows, data = [], first_digits(10_000)
    for widths, batch in (
        ((784, 500, 500), 100),
        ((784, 1000, 1000), 250),
        ((784, 2000, 2000), 1000),
    ):
        recipe = recipe_of(widths, batch)
        single, half = race(stepper(recipe, data), stepper(recipe.but(precision="bfloat16"), data))
        rows.append(
            [
                f"{'-'.join(map(str, widths))}, batch {batch}",
                f"{1000 * single:.1f} ms",
                f"{1000 * half:.1f} ms",
                f"{single / half:.1f}",
            ]
        )
    table(
        "A step with matrix products in float32 and in bfloat16",
        ["network", "float32", "bfloat16", "times faster"],
        rows,
    )


# ---- against the arithmetic


SIZE = 2048  # of the square matrices whose product shows the machine's peak


def peak_product(dtype=torch.float32):
    """A function that multiplies two large matrices."""
    a, b, out = (torch.randn(SIZE, SIZE).to(dtype) for _ in range(3))
    return lambda: torch.mm(a, b, out=out)


def operations(widths, batch):
    """Multiplications and additions in the matrix products of one of OUR steps: forward and
    gradient, the first layer shared by the pair."""
    inputs, first, *above = widths
    total = 2 * 2 * batch * inputs * first + 2 * 2 * (2 * batch) * 10 * first
    for low, high in zip((first, *above), above):
        total += 2 * 2 * (2 * batch) * low * high
    return total


def against_the_arithmetic():
    rows, count = [], 10_000
    for widths, batch in (
        ((784, 500, 500), 100),
        ((784, 1000, 1000), 100),
        ((784, 2000, 2000, 2000), 1000),
    ):
        step = stepper(recipe_of(widths, batch), first_digits(count))
        product_seconds, seconds = race(peak_product(), step, seconds=2 * ENOUGH)
        rate, peak = operations(widths, batch) / seconds, 2 * SIZE**3 / product_seconds
        epoch = seconds * count / batch
        rows.append(
            [
                "-".join(map(str, widths)),
                batch,
                f"{epoch:.2f} s",
                f"{rate / 1e9:.0f} GFLOP/s",
                f"{peak / 1e9:.0f} GFLOP/s",
                f"{rate / peak:.0%}",
            ]
        )
    head = [
        "widths",
        "batch",
        "epoch of 10 000",
        "rate",
        f"a product of {SIZE} x {SIZE} matrices",
        "share",
    ]
    table(
        "Share of the machine's float32 matrix-product peak, product and step in turn", head, rows
    )


# ---- how the cost grows


def how_it_grows():
    base, rows = {"widths": (784, 500, 500), "batch": 100, "images": 10_000}, []
    changes = [{}]
    changes += [{"widths": (784, width, width)} for width in (250, 1000, 2000)]
    changes += [{"widths": (784,) + (500,) * depth} for depth in (1, 4, 8)]
    changes += [{"batch": batch} for batch in (50, 250, 1000)]
    changes += [{"images": count} for count in (1000, 60_000)]
    cases = [base | change for change in changes]
    times = race(
        *(
            stepper(recipe_of(case["widths"], case["batch"]), digits(case["images"]))
            for case in cases
        )
    )
    for change, case, seconds in zip(changes, cases, times):
        epoch = seconds * case["images"] / case["batch"]
        rows.append(
            [
                next((f"{name} {value}" for name, value in change.items()), "(as it is)"),
                f"{1000 * seconds:.1f} ms",
                f"{epoch:.2f} s",
                epoch,
            ]
        )
    rows = [[*row[:-1], f"{row[-1] / rows[0][-1]:.2f}"] for row in rows]
    table(
        f"How the cost grows, from {base}",
        ["changed", "a step", "an epoch", "against the first line"],
        rows,
    )


# ---- how long until it is good


def seconds_to(error, recipe, which="sample", *, to_the_end=True):
    """Train; return (seconds, epochs) after which the TEST error was below `error` (or None), all
    seconds, the last error."""
    data = recipe.load_data(which)
    net = recipe.network()
    run, reached = train(net, data, recipe), None
    for record in run.epoch_records():
        if (
            reached is None
            and error_rate(
                net, data.test, layers=recipe.counted_layers(net), shift=recipe.predict_shift
            )
            < error
        ):
            reached = record.seconds, record.epoch
            if not to_the_end:
                break
    return (
        reached,
        run.seconds,
        error_rate(net, data.test, layers=recipe.counted_layers(net), shift=recipe.predict_shift),
    )


def full_set():
    """ "full" if all of MNIST is on this machine (see `load_mnist`), else "sample": nothing is
    downloaded for a benchmark."""
    root = Path(os.environ.get("FFTEACH_DATA") or Path.home() / ".cache" / "ffteach")
    return "full" if (root / "MNIST" / "raw" / "train-images-idx3-ubyte").is_file() else "sample"


def how_long():
    published = RECIPES["growing-published"]
    step = stepper(published, digits(50_000))
    (seconds,) = race(step, seconds=10)
    rows = [
        [
            "growing-published",
            "full (50 000)",
            f"{PUBLISHED_STEPS * seconds / 60:.0f} min: {PUBLISHED_STEPS} steps, "
            "extrapolated from the best of some",
            "7.34 % (README)",
        ]
    ]
    reached, total, error = seconds_to(PUBLISHED_ERROR, RECIPES["quick"])
    when = f"{reached[0]:.1f} s, {reached[1]} epochs" if reached else "not reached"
    rows.append(["quick", "sample (10 000)", when, f"{error:.2%} after {total:.1f} s"])
    which = full_set()
    for name in ("paper-supervised", "paper-jitter", "official"):
        reached, _, error = seconds_to(PUBLISHED_ERROR, RECIPES[name], which, to_the_end=False)
        when = f"{reached[0]:.1f} s, {reached[1]} epochs" if reached else "not reached"
        rows.append([name, which, when, f"stopped there, at {error:.2%}"])
    table(
        f"Training time to {PUBLISHED_ERROR:.2%} test error, system A's published result",
        ["recipe", "data", "time to it", "in the end"],
        rows,
    )


def to_hintons_number():
    recipe, which = RECIPES["race"], full_set()
    data, net = recipe.load_data(which), recipe.network()
    run = train(net, data, recipe)
    run.finish()
    total = operations(recipe.widths, recipe.batch_size) * run.step
    products = [peak_product(dtype) for dtype in (torch.float32, torch.bfloat16)]
    peaks = [2 * SIZE**3 / seconds for seconds in race(*products)]
    row = [recipe.name, which, f"{run.seconds:.0f} s", f"{total / 1e12:.1f} TFLOP"]
    row += [f"{peak / 1e9:.0f} GFLOP/s" for peak in peaks]
    row += [f"{total / run.seconds / max(peaks):.0%}", f"{error_rate(net, data.test):.2%}"]
    head = ["recipe", "data", "training", "operations", "peak, float32", "peak, bfloat16", "share"]
    table("The shortest way to Hinton's 1.36 %", [*head, "test error (seed 0)"], [row])


# ---- many trainings beside each other


def sweeping():
    """One process against one for each core; their start is part of the time, as in real life."""
    small = Recipe(widths=(784, 100), epochs=12, train_images=2000)
    recipes = grid(small, threshold=[0.5, 1.0, 2.0, 4.0], learning_rate=[3e-4, 1e-3, 3e-3])
    rows, cores = [], usable_cores()
    for workers in (1, cores):
        with tempfile.TemporaryDirectory() as folder:
            runs = sweep(recipes, range(3), results=Path(folder) / "table.csv", workers=workers)
            seconds = timed(runs.finish, 1)
        rows.append([workers, f"{seconds:.1f} s", seconds])
    rows = [[*row[:-1], f"{rows[0][-1] / row[-1]:.2f}"] for row in rows]
    title = f"A sweep of {len(runs)} small trainings on {cores} cores"
    table(title, ["processes", "all of it", "times faster"], rows)


def main():
    choose_device("cpu")
    print(
        f"{platform.machine()}, {usable_cores()} cores, "
        f"{torch.get_num_threads()} threads, torch {torch.__version__}"
    )
    against_the_plain_way()
    float32_against_bfloat16()
    against_the_arithmetic()
    how_it_grows()
    how_long()
    to_hintons_number()
    sweeping()
    print(f"\nPeak memory of this run: {peak_memory_mb(torch.device('cpu')):,.0f} MB")


if __name__ == "__main__":
    main()
