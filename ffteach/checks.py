"""Every refusal of a tensor, in words: what was given, what is expected, and how to get there."""

import difflib
import math
import sys
import warnings
from numbers import Integral, Real

import torch

CLASSES = 10  # the label is written into the first ten pixels
LARGEST_PIXEL = 100.0  # beyond any sensible normalisation: the mark of pixels left in 0..255
LARGEST_STRENGTH = 1e6  # a label that bright drowns the image; from 1e20 its square overflows
# a row's length that it is added to must stay finite when it divides, and must not drown in it
EPSILONS = (1e-30, 1.0)
FEATURES = (1e-30, 1e30)  # nearer to the ends of float32's range scales are no longer exact


def found(value):
    """Return what a value is, for a message: a tensor's dtype, or its type."""
    if not isinstance(value, torch.Tensor):
        return type(value).__name__
    return f"{value.dtype}{'' if _dense(value) else f' ({value.layout} on {value.device})'}"


def floats(value):
    """Is it a tensor of floats that can be computed with: not sparse, not on the device meta?"""
    return isinstance(value, torch.Tensor) and value.is_floating_point() and _dense(value)


def _dense(tensor):
    return tensor.layout == torch.strided and tensor.device.type != "meta"


def did_you_mean(name, known):
    """Return "; did you mean 'quick'?" for a misspelt name, or "" where nothing is near."""
    near = difflib.get_close_matches(str(name), known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def whole(value):
    """Is it a whole number, Python's or NumPy's? True and False are none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def finite(value):
    """Is it a finite number, Python's or NumPy's? True and False are none."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def check_images(images, *, labelled=False):
    """Raise TypeError or ValueError unless `images` is a finite float tensor `(N, D)`, N at least
    1.

    labelled: D must be above 10, to have room for a label. The range is free enough for normalised
    pixels such as -1..9, but 0..255 is refused.
    """
    if not floats(images):
        tensor = isinstance(images, torch.Tensor)
        raise TypeError(
            f"images are {found(images)}, expected a dense float tensor in [0, 1]: "
            + (
                "for pixels in 0..255 use images.float() / 255"
                if tensor
                else "use torch.as_tensor(images).float(), and divide 0..255 by 255"
            )
        )
    shape = tuple(images.shape)
    if images.dim() != 2:
        how = "images.reshape(1, -1)" if images.dim() < 2 else "images.reshape(len(images), -1)"
        raise ValueError(f"images have shape {shape}, expected (N, 784): use {how}")
    if labelled and images.shape[1] <= CLASSES:
        raise ValueError(
            f"images have shape {shape}: the label takes the first {CLASSES} pixels, "
            "and more are needed for the image"
        )
    if len(images) == 0:
        raise ValueError(f"images are empty, shape {shape}: at least one image is needed")
    low, high = (float(bound) for bound in images.detach().aminmax())  # NaN anywhere makes both NaN
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(
            f"images hold NaN or infinite pixels (smallest {low}, largest {high}): clean them first"
        )
    if max(-low, high) > LARGEST_PIXEL:
        raise ValueError(
            f"pixels range from {low:g} to {high:g}: "
            "expected [0, 1] or normalised data; divide 0..255 by 255"
        )


def check_labels(labels, count=None):
    """Raise TypeError or ValueError unless `labels` is an int64 tensor `(N,)` of 0..9.

    count: the N that is expected, if one is.
    """
    if not isinstance(labels, torch.Tensor) or labels.dtype != torch.int64 or not _dense(labels):
        how = "torch.tensor([int(label) for label in labels])"
        how = "labels.long()" if isinstance(labels, torch.Tensor) else how
        raise TypeError(f"labels are {found(labels)}, expected an int64 tensor: use {how}")
    if labels.dim() != 1 or len(labels) == 0 or (count is not None and len(labels) != count):
        wanted = "(N,) with N > 0" if count is None else f"({count},), one label for each image"
        raise ValueError(f"labels have shape {tuple(labels.shape)}, expected {wanted}")
    low, high = (int(bound) for bound in labels.aminmax())
    if low < 0 or high >= CLASSES:
        raise ValueError(f"labels range from {low} to {high}, expected 0..{CLASSES - 1}")


def check_table(table, labels):
    """Raise TypeError or ValueError unless `table` has ten floats for each of the `labels`."""
    if not floats(table):
        raise TypeError(f"goodness_per_label is {found(table)}, expected a float tensor (N, 10)")
    if tuple(table.shape) != (len(labels), CLASSES):
        raise ValueError(
            f"goodness_per_label has shape {tuple(table.shape)}, "
            f"expected {(len(labels), CLASSES)}: a row for each of the labels given"
        )
    check_same_device(("goodness_per_label", table), ("labels", labels))


def check_activities(h):
    """Raise TypeError unless activities are a float tensor `(..., H)`."""
    if not floats(h) or h.dim() == 0:
        raise TypeError(f"activities are {found(h)}, expected a float tensor (N, H)")


def check_goodness(g_pos, g_neg, *, paired=False):
    """Raise TypeError or ValueError unless both are float tensors `(N,)`, as many if `paired`."""
    for name, g in (("g_pos", g_pos), ("g_neg", g_neg)):
        if not floats(g):
            raise TypeError(f"{name} is {found(g)}, expected a float tensor (N,)")
        if g.dim() != 1 or len(g) == 0:
            raise ValueError(f"{name} has shape {tuple(g.shape)}, expected (N,) with N at least 1")
    if paired and len(g_pos) != len(g_neg):
        raise ValueError(
            f"g_pos has {len(g_pos)} values and g_neg {len(g_neg)}: each positive is compared "
            "with its own negative, so there must be as many"
        )


def check_same_device(*named):
    """Raise ValueError unless all tensors of these pairs (name, tensor) are on one device."""
    if len({tensor.device for _, tensor in named}) > 1:
        (first, one), *others = named
        where = "".join(f", {name} on {tensor.device}" for name, tensor in others)
        raise ValueError(
            f"{first} are on {one.device}{where}: move both to one device with .to(device)"
        )


def check_strength(strength):
    """Raise ValueError unless the label's `strength` is a number of sensible size."""
    if not finite(strength) or abs(strength) > LARGEST_STRENGTH:
        raise ValueError(
            f"label strength is {strength!r}, expected a finite number such as 1.0, at most "
            f"{LARGEST_STRENGTH:g} (the strength 'maximum' becomes a number when training begins)"
        )


def check_threshold(threshold):
    """Raise ValueError unless it is a finite number, within float32."""
    if not finite(threshold) or abs(threshold) > FEATURES[1]:
        raise ValueError(f"threshold={threshold!r}: expected a finite number such as 2.0")


def check_positive(**numbers):
    """Raise ValueError unless each is a finite number above 0."""
    for name, value in numbers.items():
        if not finite(value) or value <= 0:
            raise ValueError(f"{name}={value!r}: expected a finite number above 0")


def check_seed(seed):
    """Return a seed as an int; raise ValueError unless it is a whole number of 0..2^64 - 1."""
    if not whole(seed) or not 0 <= seed < 2**64:
        raise ValueError(f"seed={seed!r}: expected a whole number of at least 0, such as 0")
    return int(seed)


def check_generator(generator):
    """Raise TypeError unless it is a `torch.Generator` or None."""
    if generator is not None and not isinstance(generator, torch.Generator):
        raise TypeError(
            f"generator is {generator!r}, expected a torch.Generator such as ffteach.seeded(0)"
        )


def check_square(images):
    """Raise ValueError unless the images `(N, D)` are square."""
    pixels = images.shape[1]
    if math.isqrt(pixels) ** 2 != pixels:
        raise ValueError(
            f"images have {pixels} pixels, which is no square: "
            "hybrids and shifts need square images, such as 28 x 28 = 784"
        )


def check_counts(**counts):
    """Raise ValueError unless each is a whole number within its bounds: `name=(value, least)` or
    `name=(value, least, most)`."""
    for name, (value, least, *most) in counts.items():
        if not whole(value) or value < least or (most and value > most[0]):
            bounds = f"of at least {least}" + (f" and at most {most[0]}" if most else "")
            raise ValueError(f"{name}={value!r}: expected a whole number {bounds}")


def trouble_in(total, whose="the network"):
    """Return in words what is wrong where the sum of some goodness is `total`, or None."""
    cure = "Begin again with a lower learning_rate"
    if not math.isfinite(total):
        return f"the training diverged: {whose}'s goodness is not finite. {cure}"
    return (
        f"{whose} is dead: every unit is silent, all goodness is 0. {cure}" if not total else None
    )


def warn_of(trouble):
    """Warn of a trouble, if there is one, where the package was called: each caller hears of it."""
    if not trouble:
        return
    frame, level = sys._getframe(1), 2
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith("ffteach.live.") or not name.startswith(("ffteach.", "torch.", "tqdm")):
            break
        frame, level = frame.f_back, level + 1
    warnings.warn(trouble, RuntimeWarning, stacklevel=level)


def check_precision(net):
    """Raise TypeError unless `net` is an `FFNet` in float32 or float64, and autocast is off."""
    if not hasattr(net, "make_layer"):
        raise TypeError(f"net is {found(net)}, expected an FFNet, such as recipe.network()")
    weight = net.layers[0].weight
    if weight.dtype not in (torch.float32, torch.float64):
        raise TypeError(
            f"the network's weights are {weight.dtype}, too coarse for goodness: use net.float(), "
            "or torch.set_default_dtype(torch.float32) before it is made"
        )
    kind = weight.device.type
    if kind in ("cpu", "cuda") and torch.is_autocast_enabled(kind):
        raise TypeError(
            "torch.autocast is on, too coarse for goodness: call this outside of it, or in "
            f"`with torch.autocast({kind!r}, enabled=False):`"
        )


def check_network_takes(net, images, *, labelled=True):
    """Raise TypeError or ValueError unless `net` can take `images`: its width, device and dtype."""
    check_precision(net)
    check_images(images, labelled=labelled)
    weight = net.layers[0].weight
    if images.shape[1] != net.widths[0]:
        raise ValueError(
            f"images have {images.shape[1]} pixels, "
            f"but the network's first layer takes {net.widths[0]}"
        )
    check_same_device(("images", images), ("the network", weight))
    if images.dtype != weight.dtype:
        raise TypeError(
            f"images are {images.dtype}, the network's weights {weight.dtype}: "
            "use images.to(net.layers[0].weight.dtype)"
        )


def check_takes_labels(net):
    """Raise ValueError unless each unit of the first layer sees all pixels, the label's too."""
    first = net.layers[0]
    if not hasattr(first, "row_scale") or first.weight.shape != (
        first.out_features,
        first.in_features,
    ):
        raise ValueError(
            f"the network's first layer is a {found(first)}, whose units do not all see the "
            "label's pixels: train it with negatives='hybrids', and read it by features() and a "
            "LinearProbe"
        )


def check_split(net, split):
    """Raise TypeError or ValueError unless a `Split` is well formed and fits the network."""
    if not hasattr(split, "images"):
        raise TypeError(f"split is {found(split)}, expected a Split, such as load_mnist().test")
    check_network_takes(net, split.images)
    check_labels(split.labels, len(split.images))
    check_same_device(("images", split.images), ("labels", split.labels))


def check_layer_numbers(net, layers, default):
    """Return the layer numbers `layers` (None: `default`) as a list; raise ValueError unless they
    exist."""
    every = range(len(net.layers))
    if layers is None:
        return list(default)
    chosen = list(layers) if isinstance(layers, (list, tuple, range)) else []
    known = all(whole(layer) and layer in every for layer in chosen)
    if not chosen or not known or len(set(chosen)) < len(chosen):
        raise ValueError(
            f"layers={layers!r}: give a list of different numbers "
            f"from 0 to {len(every) - 1}, at least one"
        )
    return [int(layer) for layer in chosen]


def check_features(features):
    """Raise TypeError or ValueError unless `features` is a finite float tensor `(N, D)`."""
    if not floats(features):
        raise TypeError(f"features are {found(features)}, expected a float tensor (N, D)")
    if features.dim() != 2 or 0 in features.shape:
        raise ValueError(
            f"features have shape {tuple(features.shape)}, expected (N, D) with N and D at least 1"
        )
    low, high = (float(end) for end in features.detach().aminmax())
    size = max(-low, high)
    if not math.isfinite(size):
        raise ValueError("features hold NaN or infinite values: clean them first")
    if size and not FEATURES[0] <= size <= FEATURES[1]:
        raise ValueError(
            f"features are at most {size:g} in size: bring them nearer to 1, "
            "such as with features / features.abs().max()"
        )


def check_every_digit(labels):
    """Raise ValueError unless each of the ten labels occurs in `labels`, for a probe to learn."""
    missing = (torch.bincount(labels, minlength=CLASSES) == 0).nonzero().flatten().tolist()
    if missing:
        raise ValueError(
            f"no row has the label {', '.join(map(str, missing))}: "
            "a probe cannot learn a digit that it never sees"
        )


def check_training_data(net, recipe, train, validation):
    """Raise TypeError or ValueError unless `net` can be trained by `recipe` on the `Split` train.

    validation: a `Split` or None. Asked once, before any training.
    """
    check_split(net, train)
    if recipe.negatives != "hybrids":
        check_takes_labels(net)
    count = len(train.images)
    if recipe.negatives == "hybrids" or recipe.shift or recipe.predict_shift:
        check_square(train.images)
    if recipe.negatives == "hybrids":
        batch = recipe.batch_size or count
        if 1 in (batch, count % batch):
            raise ValueError(
                f"batch_size={batch} leaves one of {count} images alone, "
                "with no other to be mixed with: choose another batch_size"
            )
    if recipe.growth == "validation":
        if not validation or not len(validation.images):
            raise ValueError(
                "growth='validation' needs held-out images: load_mnist(..., validation=1000)"
            )
        check_split(net, validation)
