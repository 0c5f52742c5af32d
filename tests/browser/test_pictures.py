"""The pictures of all panels as the browser draws them: no text upon another, contrast enough."""

import itertools
from pathlib import Path

import pytest

from ffteach import RECIPES, live, load_mnist, train
from ffteach.live.shared.scene import DARK, LIGHT, PALETTE

SCENE = Path(live.__file__).parent / "shared" / "scene.js"
LAYERS = pytest.mark.parametrize("layers", [1, 2, 3, 4])
PAINT = """async ([code, picture, palette]) => {
    const url = URL.createObjectURL(new Blob([code], {type: 'text/javascript'}));
    const { paint } = await import(url);
    const bytes = (value) => {
        if (Array.isArray(value)) return value.map(bytes);
        if (!value || typeof value !== 'object') return value;
        if ('bytes' in value) return new DataView(Uint8Array.from(value.bytes).buffer);
        return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, bytes(v)]));
    };
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = picture.size;
    const style = {fontFamily: 'sans-serif'}, context = canvas.getContext('2d');
    const texts = paint(context, bytes(picture), {...palette, ink: '#222'}, style, () => undefined);
    const seen = context.getImageData(0, 0, canvas.width, canvas.height).data;
    return [texts, seen.filter((value, index) => index % 4 === 3 && value).length]; }"""


@pytest.fixture(scope="module")
def paint(browser):
    """Draw a picture; return its texts with their frames, and how many pixels are drawn on."""
    page = browser.new_page()

    def plain(value):
        if isinstance(value, bytes):
            return {"bytes": list(value)}
        if isinstance(value, dict):
            return {name: plain(one) for name, one in value.items()}
        return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value

    def paint(picture):
        return page.evaluate(PAINT, [SCENE.read_text(), plain(picture), PALETTE["light"]])

    yield paint
    page.close()


def text_on_text(texts, gap=2):
    """The pairs of texts that lie upon each other, or nearer than `gap` pixels beside another."""
    return [
        (one[0], other[0])
        for one, other in itertools.combinations(texts, 2)
        if max(one[1], other[1]) < min(one[3], other[3]) + gap
        and max(one[2], other[2]) < min(one[4], other[4]) - 1
    ]


def check(paint, panel):
    """No text upon another, and none beyond the picture."""
    picture = panel.picture.value
    texts, drawn = paint(picture)
    width, height = picture["size"]
    assert drawn > 1000 and len(texts) > 10
    assert text_on_text(texts) == []
    assert [text for text, *ends in texts if min(ends) < -1 or ends[2] > width + 1] == []
    assert [text for text, *ends in texts if ends[3] > height + 1] == []


def test_text_on_text_is_seen(paint):
    texts = [{"at": (10 + 5 * n, 10), "text": text} for n, text in enumerate(("one", "other"))]
    found, _ = paint({"size": (100, 50), "axes": [], "texts": texts})
    assert text_on_text(found) == [("one", "other")]


def widths(layers):
    return (784, *[8] * layers)


@pytest.fixture(scope="module")
def digits():
    return load_mnist(validation=100)


@LAYERS
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"preset": "threshold too high", "show": "receptive fields"},
        {"preset": "learning rate too high", "show": "worst digits"},
        {"preset": "pairwise loss", "show": "a pair"},
        {"threshold": 0.0, "show": "worst digits"},
    ],
    ids=str,
)
def test_the_training_labs_can_be_read(paint, digits, layers, options):
    lab = live.TrainingLab(data=digits, widths=widths(layers), **options)
    for steps in (0, 3, 20):
        lab.run(steps)
        check(paint, lab)
    lab.reset_button.click()  # with the run before in grey
    check(paint, lab)
    lab.close()


@LAYERS
@pytest.mark.parametrize("loss", ["threshold", "pairwise"])
def test_the_probe_labs_can_be_read(paint, digits, layers, loss):
    probed = {"probe_layers": (0,)} if layers == 1 else {}
    lab = live.ProbeLab(data=digits, widths=widths(layers), loss=loss, labels=100, **probed)
    for steps in (0, 5):
        lab.run(steps)
        check(paint, lab)
    lab.close()


@LAYERS
def test_the_digit_pads_can_be_read(paint, digits, layers):
    recipe = RECIPES["quick"].but(widths=widths(layers))
    pad = live.DigitPad(train(recipe.network(seed=0), digits, recipe))
    pad.draw_digit(digits.test.images[0])
    check(paint, pad)
    pad.close()


def test_the_goodness_and_the_mask_labs_can_be_read(paint, digits):
    panels = [live.GoodnessLab(data=digits, threshold=theta) for theta in (0.0, 2.0, 40.0)]
    masks = live.MaskLab
    panels += [masks(), masks("gaussian", kernel=15), masks(blurs=0, cut=1)]
    panels[-1].answer("hybrid")
    for panel in panels:
        check(paint, panel)
        panel.close()


def contrast(colour, page):
    """The contrast of two colours as WCAG 2 defines it, 1 to 21."""
    linear = lambda c: c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
    parts = lambda text: [int(text[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    light = lambda text: sum(w * linear(c) for w, c in zip((0.2126, 0.7152, 0.0722), parts(text)))
    dark, bright = sorted(map(light, (colour, page)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette, page", [(LIGHT, "#FFFFFF"), (DARK, "#111111")])
def test_bars_and_curves_stand_out_from_the_page(palette, page):
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    for role in ("positive", "negative", "chance", "series0", "series1", "series2", "series3"):
        seen = palette.get(f"{role}-outline", palette[role])  # the edge, where there is one
        assert contrast(seen, page) >= 3, role
