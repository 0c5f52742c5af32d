"""The site: it builds without a warning, is accessible in both themes, reaches nothing outside, and
its page that trains does what `ffteach.plain` does."""

import functools
import http.server
import importlib.util
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from jupyterlab_driver import LoopbackPage, wait_for

import ffteach
from ffteach import live, load_mnist, plain

ROOT = Path(__file__).parents[2]
SERIOUS = {"serious", "critical"}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *details):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site under an address of this machine: `folder`, `url`, what Sphinx `said`."""
    if importlib.util.find_spec("sphinx") is None:
        pytest.skip("Sphinx is missing: pip install 'ffteach[site]'")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-d", str(folder / "doctrees"), "-c", "site"]
    done = subprocess.run(
        [*command, ".", str(folder / "html")], cwd=ROOT, capture_output=True, text=True
    )
    handler = functools.partial(Quiet, directory=folder / "html")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield SimpleNamespace(folder=folder / "html", url=url, said=done.stdout + done.stderr)
        server.shutdown()


def pages(folder):
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))
    return [name for name in names if name != "index.html" and not name.startswith("_static")]


def test_it_builds_without_a_warning(site):
    assert site.said == ""
    assert {"site/index.html", "notebooks/02_supervised_overlay.html"} <= set(pages(site.folder))


def test_every_public_name_is_on_the_page_of_names():
    text = (ROOT / "site" / "api.md").read_text()
    names = {*ffteach.__all__, *live.__all__} - {"RECIPES", "PRESETS", "SLOW_MOTION"}  # in prose
    assert [name for name in sorted(names) if f":: {name}\n" not in text] == []


def test_axe_finds_nothing_serious_on_any_page_in_either_theme(site, browser):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    everything = {"resultTypes": ["violations"], "preload": False}
    colours = everything | {"runOnly": ["color-contrast", "link-in-text-block"]}
    found, checked = [], 0
    with LoopbackPage(browser) as shown:
        for name in pages(site.folder):
            shown.page.goto(f"{site.url}/{name}")
            for theme, rules in (("light", everything), ("dark", colours)):
                shown.page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
                checked += 1
                found += [
                    f"{name}, {theme}: {fault['id']}: {fault['nodes'][0]['html'][:200]}"
                    for fault in axe.run(shown.page, options=rules).response["violations"]
                    if fault["impact"] in SERIOUS
                ]
        assert checked > 40 and not found, "\n".join(found)
        assert shown.problems() == []


def shown_part(shown):
    return lambda name: shown.page.locator(f"[data-part={name}]")


def wait_until_loaded(shown):
    says = shown_part(shown)("now").inner_text
    wait_for(says, lambda text: text.startswith("Nothing trained yet"), what="the digits")


@pytest.fixture
def train_page(site, browser):
    with LoopbackPage(browser) as shown:
        shown.page.goto(f"{site.url}/site/train.html")
        wait_until_loaded(shown)
        yield shown
        assert shown.problems() == []


def test_no_button_can_be_pressed_before_the_digits_are_there(site, browser):
    with LoopbackPage(browser) as shown:
        part, held = shown_part(shown), []
        shown.page.route("**/digits.bin", lambda route: held.append(route))
        shown.page.goto(f"{site.url}/site/train.html")
        wait_for(lambda: held or shown.page.wait_for_timeout(50), what="the page asking for digits")
        buttons = [part(name) for name in ("go", "step", "reset")]
        assert "loading" in part("now").inner_text()
        assert all(button.is_disabled() for button in buttons)
        held[0].continue_()
        wait_until_loaded(shown)
        assert all(button.is_enabled() for button in buttons)
        assert shown.problems() == []


def test_digits_that_cannot_be_loaded_are_announced(site, browser):
    with LoopbackPage(browser) as shown:
        part = shown_part(shown)
        shown.page.route("**/digits.bin", lambda route: route.fulfill(status=404))
        shown.page.goto(f"{site.url}/site/train.html")
        wait_for(part("status").text_content, lambda text: "404" in text, what="the announcement")
        assert "reload the page" in part("now").inner_text()
        assert part("go").is_disabled()


def test_the_page_trains_and_its_sliders_act_meanwhile(train_page):
    part = shown_part(train_page)
    part("go").press("Enter")
    wait_for(part("now").inner_text, lambda text: "Step 1" in text, what="training")
    part("threshold").focus()
    train_page.page.keyboard.press("End")
    assert part("threshold-value").inner_text() == "10.0"
    before = part("picture").evaluate("picture => picture.toDataURL()")
    wait_for(
        lambda: part("picture").evaluate("picture => picture.toDataURL()"),
        lambda now: now != before,
        what="another picture",
    )
    part("go").press("Enter")
    assert part("go").inner_text() == "Train"
    assert "test digits are read rightly" in part("picture").get_attribute("aria-label")
    part("reset").click()
    assert part("now").inner_text().startswith("Nothing trained yet")


SAME = """async ({weights, images, labels, wrong}) => {
    const ff = await import(new URL('../_static/forward_forward.js', location.href));
    const layers = weights.map(([weight, bias]) => {
        const layer = new ff.Layer(weight.length / bias.length, bias.length);
        layer.weight.set(weight);
        layer.bias.set(bias);
        return layer; });
    const seen = wrong.map(w => ff.step(layers, Float32Array.from(images), labels, {}, w));
    const plain = ({pos, neg}) => [Array.from(pos), Array.from(neg)];
    return {goodness: seen.map(step => step.map(plain)),
            weights: layers.map(layer => [Array.from(layer.weight), Array.from(layer.bias)]),
            answers: ff.predict(layers, Float32Array.from(images), labels.length)}; }"""


def test_the_page_s_steps_are_those_of_plain_weight_by_weight(train_page):
    torch.manual_seed(0)
    images, labels = load_mnist(device="cpu").train.take(slice(0, 20))
    layers = [plain.Layer(784, 30), plain.Layer(30, 20)]
    wrong = [plain.wrong_labels(labels) for _ in range(5)]
    pairs = [(layer.weight.detach().T.flatten(), layer.bias.detach()) for layer in layers]
    sent = {
        "weights": [[weight.tolist(), bias.tolist()] for weight, bias in pairs],
        "images": images.flatten().tolist(),
        "labels": labels.tolist(),
        "wrong": [w.tolist() for w in wrong],
    }
    theirs = train_page.page.evaluate(SAME, sent)
    for number, drawn in enumerate(wrong):
        x = plain.overlay(images, labels), plain.overlay(images, drawn)
        for layer, (pos, neg) in zip(layers, theirs["goodness"][number]):
            x = layer.learn(*x)
            for h, g in zip(x, (pos, neg)):
                torch.testing.assert_close(torch.tensor(g), plain.goodness(h), rtol=1e-3, atol=1e-4)
    for layer, (weight, bias) in zip(layers, theirs["weights"]):
        weight = torch.tensor(weight).view(layer.weight.T.shape).T
        torch.testing.assert_close(weight, layer.weight.detach(), rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(torch.tensor(bias), layer.bias.detach(), rtol=1e-3, atol=1e-4)
    agree = sum(a == b for a, b in zip(theirs["answers"], plain.predict(layers, images).tolist()))
    assert agree >= 19  # a tie to rounding may fall either way
