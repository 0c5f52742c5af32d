"""The named recipes: the published systems, the quick classroom ones and the paper's."""

from ..checks import did_you_mean
from ..recipe import Recipe

SYSTEM_A = Recipe(
    name="growing-published",
    about="system A as published: greedy, full batch, "
    "grows while TRAINING accuracy rises (a flaw it keeps)",
    widths=(784, 500),
    row_scale="unit-length",
    init="torch",
    label_strength=1.0,
    fresh_negatives=False,
    temperature=1.0,
    schedule="greedy",
    epochs=1300,
    batch_size=None,
    learning_rate=0.03,
    rate_decay="none",
    growth="training",
    train_images=50_000,
)

# how Hinton's MATLAB code trains each layer; its logit is the SUM of squares - width, its gradients
# are averaged (0.9 old + 0.1 new)
OFFICIAL_RULE = dict(
    threshold=1.0,
    temperature=1e-3,  # 1 / width, here 1000
    optimiser="sgd",
    learning_rate=1e-3,  # its 0.01 x 0.1
    weight_decay=1e-3,
    peer_normalisation=0.03,
)

# chosen on 10 000 held-out training images, see docs/trials.md
PAPER_SUPERVISED = dict(
    widths=(784, 1000, 1000),
    label_strength=8.0,
    negatives="hard",
    loss="pairwise",
    batch_size=250,
    optimiser="adamw",
    learning_rate=3e-3,
    weight_decay=0.3,
    rate_decay="linear",
    precision="bfloat16",
)

PAPER_UNSUPERVISED = dict(
    widths=(784, 2000, 2000, 2000),
    negatives="hybrids",
    shift=2,
    shift_each=True,
    epochs=30,
    precision="bfloat16",
    **OFFICIAL_RULE | dict(temperature=5e-4),
)


def no_recipe(name):
    """Return what is said of a recipe's name that is not known."""
    return (
        f"there is no recipe {name!r}; there are {', '.join(RECIPES)}{did_you_mean(name, RECIPES)}"
    )


class Recipes(dict):
    """Recipes by their names; a name that is not known is answered by those that are."""

    def __missing__(self, name):
        raise KeyError(no_recipe(name))


RECIPES = Recipes(
    (recipe.name, recipe)
    for recipe in (
        Recipe(
            name="quick",
            about="the classroom default: two layers, pairwise loss, hard negatives, "
            "1-pixel shifts; seconds on the sample",
            loss="pairwise",
            negatives="hard",
            shift=1,
            learning_rate=2e-3,
            epochs=10,
        ),
        SYSTEM_A.but(
            name="growing",
            about="system A with growth decided on validation data",
            growth="validation",
            validation_share=1 / 6,
            train_images=None,
        ),
        SYSTEM_A,
        Recipe(
            name="tapering",
            about="system B as published: three tapering layers, greedy, full batch, "
            "N(0, 1) start, other images' labels as negatives",
            widths=(784, 1000, 500, 200),
            row_scale="unit-length",
            row_epsilon=1e-4,
            init="normal",
            label_strength="maximum",
            negatives="other images",
            fresh_negatives=False,
            temperature=1.0,
            schedule="greedy",
            epochs=350,
            batch_size=None,
            learning_rate=0.15,
            rate_decay="none",
            train_images=10_000,
            pixel_mean=0.1,
            pixel_deviation=0.1,
        ),
        Recipe(
            name="mask-probe",
            about="system C as published: three layers learn, greedy and full batch, from hybrids "
            "without labels; then a linear probe. Half an hour",
            widths=(784, 500, 500, 500),
            row_scale="unit-length",
            init="torch",
            negatives="hybrids",
            mask="gaussian",
            fresh_negatives=False,
            temperature=1.0,
            schedule="greedy",
            epochs=1100,
            batch_size=None,
            learning_rate=0.03,
            rate_decay="none",
            train_images=50_000,
            probe="published",
        ),
        Recipe(
            name="quick-unsupervised",
            about="the classroom's unsupervised one: three layers learn from fresh hybrids without "
            "labels; then a linear probe",
            widths=(784, 500, 500, 500),
            negatives="hybrids",
            threshold=1.0,
            epochs=10,
        ),
        Recipe(
            name="paper-supervised",
            about="all of MNIST, no shifts, towards the paper's 1.36 %: wide layers, "
            "hard negatives, adversarial images, weight decay. A few minutes",
            **PAPER_SUPERVISED,
            adversarial=1.0,
            epochs=40,
        ),
        Recipe(
            name="race",
            about="the paper's 1.36 % as soon as can be: one layer, hidden pixels, 15 epochs. "
            "Under a minute",
            **PAPER_SUPERVISED | dict(widths=(784, 700), rate_decay="second half"),
            pixel_dropout=0.2,
            epochs=15,
        ),
        Recipe(
            name="paper-jitter",
            about="paper-supervised with each image shifted by up to two pixels as in the paper, "
            "towards its 0.64 %. Half an hour or more",
            **PAPER_SUPERVISED | dict(weight_decay=0.05),
            adversarial=1.0,
            shift=2,
            shift_each=True,
            predict_shift=1,
            epochs=300,
        ),
        Recipe(
            name="paper-unsupervised",
            about="all of MNIST without labels, towards the paper's 1.37 %: fresh hybrids of "
            "shifted images by the official rule; then a linear probe. Half an hour or more",
            **PAPER_UNSUPERVISED,
        ),
        Recipe(
            name="image-pairs",
            about="paper-unsupervised with two digits laid over each other as negatives, as in "
            "self-contrastive Forward-Forward; the probe reads all layers. Half an hour or more",
            **PAPER_UNSUPERVISED,
            mask="blend",
            probe_layers=(0, 1, 2),
        ),
        Recipe(
            name="official",
            about="the settings of Hinton's MATLAB code: softmax head, negatives drawn from it, "
            "peer normalisation, first layer left out. Half an hour or more",
            widths=(784, 1000, 1000, 1000),
            label_strength=1.0,
            head=True,
            negatives="hard",
            hard_by="head",
            uniform_epochs=0,
            first_layer_counts=False,
            epochs=100,
            precision="bfloat16",
            **OFFICIAL_RULE,
        ),
    )
)
