"""Do network, data and recipe fit together? Asked once, before any training."""

from .data import check_labels
from .shifts import check_square


def check_training_data(net, recipe, train, validation):
    """Raise TypeError or ValueError unless `net` can be trained by `recipe` on the `Split` train; validation: a `Split` or None."""
    check_split(net, train)
    count = len(train.images)
    if recipe.negatives == "hybrids" or recipe.shift or recipe.predict_shift:
        check_square(train.images)
    if recipe.negatives == "hybrids":
        batch = recipe.batch_size or count
        if 1 in (batch, count % batch):
            raise ValueError(
                f"batch_size={batch} leaves one of {count} images alone, with no other to be mixed with: choose another batch_size"
            )
    if recipe.growth == "validation":
        if not validation or not len(validation.images):
            raise ValueError(
                "growth='validation' needs held-out images: load_mnist(..., validation=1000)"
            )
        check_split(net, validation)


def check_split(net, split):
    """Raise TypeError or ValueError unless images and labels are well formed and fit the network."""
    net.check_images(split.images)
    check_labels(split.labels, len(split.images))
    if split.labels.device != split.images.device:
        raise ValueError(
            f"images are on {split.images.device}, labels on {split.labels.device}, the network on {net.device}: "
            "move all to one device with .to(device) or load_mnist(device=...)"
        )
