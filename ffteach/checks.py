"""Every refusal of a tensor, in words: what was given, what is expected, and how to get there."""

import math

import torch

CLASSES = 10  # the label is written into the first ten pixels
LARGEST_PIXEL = 100.0  # beyond any sensible normalisation: the mark of pixels left in 0..255


def found(value):
    """Return what a value is, for a message: a tensor's dtype, or its type."""
    return str(value.dtype) if isinstance(value, torch.Tensor) else type(value).__name__


def check_images(images, *, labelled=False):
    """Raise TypeError or ValueError unless `images` is a finite float tensor `(N, D)`, N at least
    1.

    labelled: D must be above 10, to have room for a label. The range is free enough for normalised
    pixels such as -1..9, but 0..255 is refused.
    """
    if not isinstance(images, torch.Tensor) or not images.is_floating_point():
        raise TypeError(
            f"images are {found(images)}, expected a float tensor in [0, 1]: "
            "for uint8 pixels use images.float() / 255"
        )
    shape = tuple(images.shape)
    if images.dim() != 2 or (labelled and images.shape[1] <= CLASSES):
        raise ValueError(
            f"images have shape {shape}, expected (N, 784): "
            "flatten them with images.reshape(len(images), -1)"
        )
    if len(images) == 0:
        raise ValueError(f"images are empty, shape {shape}: at least one image is needed")
    low, high = (float(bound) for bound in images.aminmax())  # NaN anywhere makes both NaN
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
    if not isinstance(labels, torch.Tensor) or labels.dtype != torch.int64:
        raise TypeError(
            f"labels are {found(labels)}, expected an int64 tensor: "
            "use torch.as_tensor(labels).long()"
        )
    if labels.dim() != 1 or len(labels) == 0 or (count is not None and len(labels) != count):
        wanted = "(N,) with N > 0" if count is None else f"({count},), one label for each image"
        raise ValueError(f"labels have shape {tuple(labels.shape)}, expected {wanted}")
    low, high = (int(bound) for bound in labels.aminmax())
    if low < 0 or high >= CLASSES:
        raise ValueError(f"labels range from {low} to {high}, expected 0..{CLASSES - 1}")


def check_same_device(*named):
    """Raise ValueError unless all tensors of these pairs (name, tensor) are on one device."""
    if len({tensor.device for _, tensor in named}) > 1:
        (first, one), *others = named
        where = "".join(f", {name} on {tensor.device}" for name, tensor in others)
        raise ValueError(
            f"{first} are on {one.device}{where}: move both to one device with .to(device)"
        )


def check_strength(strength):
    """Raise ValueError unless the label's `strength` is a finite number."""
    number = isinstance(strength, (int, float)) and not isinstance(strength, bool)
    if not number or not math.isfinite(strength):
        raise ValueError(
            f"label strength is {strength!r}, expected a finite number such as 1.0 "
            "(the strength 'maximum' becomes a number when training begins)"
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
    """Raise ValueError unless each value is a whole number of at least its bound: `name=(value,
    least)`."""
    for name, (value, least) in counts.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{name}={value!r}: expected a whole number of at least {least}")


def check_precision(net):
    """Raise TypeError unless `net` computes in float32 or float64, and so without autocast."""
    weight = net.layers[0].weight
    if weight.dtype not in (torch.float32, torch.float64):
        raise TypeError(
            f"the network's weights are {weight.dtype}, too coarse for goodness: use net.float(); "
            "a recipe's precision='bfloat16' makes only the large products coarse"
        )
    if torch.is_autocast_enabled(weight.device.type):
        raise TypeError(
            "torch.autocast is on, too coarse for goodness: call this outside of it, or in "
            f"`with torch.autocast({weight.device.type!r}, enabled=False):`"
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


def check_split(net, split):
    """Raise TypeError or ValueError unless a `Split` is well formed and fits the network."""
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
    if not chosen or len(set(chosen)) < len(chosen) or not set(chosen) <= set(every):
        raise ValueError(
            f"layers={layers!r}: give a list of different numbers "
            f"from 0 to {len(every) - 1}, at least one"
        )
    return chosen


def check_features(features, labels=None):
    """Raise TypeError or ValueError unless `features` is a finite float tensor `(N, D)`.

    labels: what belongs to them, checked too if given.
    """
    if not isinstance(features, torch.Tensor) or not features.is_floating_point():
        raise TypeError(f"features are {found(features)}, expected a float tensor (N, D)")
    if features.dim() != 2 or 0 in features.shape:
        raise ValueError(
            f"features have shape {tuple(features.shape)}, expected (N, D) with N and D at least 1"
        )
    if not features.isfinite().all():
        raise ValueError("features hold NaN or infinite values: clean them first")
    if labels is not None:
        check_labels(labels, len(features))
        check_same_device(("features", features), ("labels", labels))


def check_training_data(net, recipe, train, validation):
    """Raise TypeError or ValueError unless `net` can be trained by `recipe` on the `Split` train.

    validation: a `Split` or None. Asked once, before any training.
    """
    check_split(net, train)
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
