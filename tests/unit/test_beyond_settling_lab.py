"""The settling lab without a browser: what it shows is what the network does."""

import pytest
import torch

import ffteach
from ffteach.beyond.recurrent import RecurrentNet, goodness_of_labels, settle
from ffteach.beyond.settling_lab import MOST, SettlingLab


@pytest.fixture(scope="module")
def net():
    return RecurrentNet([784, 24, 20], generator=torch.Generator().manual_seed(0))


@pytest.fixture
def lab(net):
    made = SettlingLab(net, digit=7, top=3)
    yield made
    made.close()


def test_it_shows_what_its_network_does(lab, net):
    state = lab.run(5)
    image = lab.data.validation.images[7:8]
    wanted = settle(net, image, torch.tensor([3]), steps=5)
    torch.testing.assert_close(torch.stack(lab.curves)[1:, :, 0], wanted[..., 0])
    every = goodness_of_labels(net, image, steps=5)[-1].sum(dim=0)[0]
    assert state["goodness_of_labels"] == pytest.approx(every.tolist(), rel=1e-5)
    assert state["step"] == 5 and state["told"] == [3] * 5
    assert state["truth"] == lab.data.validation.labels[7]
    assert sum(state["opinion"]) == pytest.approx(1, rel=1e-5)
    picture = lab.picture.value
    assert (
        len(picture["axes"][3]["series"]) == 11 and "after 5 steps under label 3" in picture["alt"]
    )


def test_a_swapped_label_and_a_cover_act_from_the_next_step_on(lab, net):
    """Beside a video written out: label 3 for two steps, then label 8 and half the digit."""
    lab.run(2)
    lab.top.value, lab.cover.value = 8, "lower"
    assert "from the next step on" in lab.said and lab.state["step"] == 2
    state = lab.run(2)
    image = lab.data.validation.images[7:8].clone()
    seen = net.look(image)
    h = net.begin(seen)
    image[:, 14 * 28 :] = 0
    for label in (3, 3, 8, 8):
        seen = net.look(image) if label == 8 else seen
        h, _, _ = net.step(seen, h, net.labels(torch.tensor([label])))
    assert state["told"] == [3, 3, 8, 8]
    assert state["goodness"] == pytest.approx(sum(ffteach.goodness(a).item() for a in h), rel=1e-5)
    assert "lower half covered" in lab.picture.value["alt"]


def test_its_own_opinion_stands_at_the_top_a_step_later(lab, net):
    lab.top.value = "opinion"
    before = torch.tensor(lab.state["opinion"])
    h = net.step(net.look(lab._image()), lab.h, 10**0.5 * before[None])[0]
    lab.next_button.click()
    for mine, theirs in zip(lab.h, h):
        torch.testing.assert_close(mine, theirs)


def test_another_digit_starts_again_and_so_does_the_button(lab):
    lab.video_button.click()
    assert lab.state["step"] == 8
    lab.digit.value, lab.blend.value = 20, 0.5
    assert lab.state["step"] == 0 and lab.state["blend"] == 0.5
    images = lab.data.validation.images
    torch.testing.assert_close(lab._image()[0], (images[20] + images[1]) / 2)
    lab.next_button.click()
    lab.reset_button.click()
    assert lab.state["step"] == 0 and lab.curves[0].shape == (2, 11)
    assert lab.line == "SettlingLab(digit=20, top=3, blend=0.5)"


def test_the_digits_stay_as_they_are(lab):
    """Covering and blending must not write into the data that all share."""
    before = lab.data.validation.images.clone()
    lab.cover.value, lab.blend.value = "all", 0.3
    lab.run(1)
    assert torch.equal(lab.data.validation.images, before) and not lab._image().any()


def test_a_video_has_an_end(lab):
    lab.run(MOST + 3)
    assert lab.state["step"] == MOST and "start again" in lab.said


@pytest.mark.parametrize(
    "options, message",
    [
        ({"digit": 2000}, "digit=2000: expected a whole number of at least 0 and at most 1999"),
        ({"blend": 1.5}, "blend=1.5: expected a number from 0 to 1"),
        ({"top": 10}, "top=10: choose one of"),
        ({"top": True}, "top=True: choose one of"),
        ({"cover": "left"}, "cover='left': choose one of"),
        ({"net": ffteach.FFNet([784, 20])}, "expected a RecurrentNet"),
        ({"net": RecurrentNet([784, 9, 9, 9])}, "the network has 3 layers, two can be shown"),
        ({"net": RecurrentNet([100, 20, 20])}, "the network takes 100"),
    ],
)
def test_it_is_refused_in_words(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        SettlingLab(**options)
