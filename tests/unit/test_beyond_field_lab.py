"""The field lab without a browser: what it shows is what the layer does."""

import pytest
import torch

import ffteach
from ffteach.beyond.field_lab import LOOKED_AT, FieldLab


@pytest.fixture
def lab():
    made = FieldLab(field=13, blurs=4)
    yield made
    made.close()


def test_it_shows_what_its_layer_does(lab):
    state = lab.run(25)
    images = lab.data.validation.images[:LOOKED_AT]
    masks = ffteach.blur_masks(LOOKED_AT, blurs=4, generator=(seed := ffteach.seeded(5)))
    negatives = ffteach.hybrids(images, masks, generator=seed)
    with torch.no_grad():
        h_pos, h_neg = (lab.net(x)[0] for x in (images, negatives))
    g_pos, g_neg = h_pos.square().mean(dim=1), h_neg.square().mean(dim=1)
    assert state["step"] == lab.training.step == 25
    assert state["in_order"] == pytest.approx((g_pos > g_neg).float().mean().item())
    assert state["goodness_pos"] == pytest.approx(g_pos.mean().item(), rel=1e-5)
    assert state["silent"] == pytest.approx((h_pos == 0).all(dim=0).float().mean().item())
    fields, activity, *_ = lab.picture.value["axes"]
    assert fields["series"][0]["rows"] == 6 * 14 and activity["series"][0]["rows"] == 6
    assert "13 x 13, after 25 steps" in lab.picture.value["alt"]


def test_a_slow_machine_has_a_point_for_every_ten_steps_too(lab):
    for _ in range(31):
        lab.run(1)
    assert [step for step, _ in lab.curve] == [0, 10, 20, 30, 31]


def test_sliders_act_on_the_next_step_and_the_field_waits(lab):
    lab.peer.value = 0.1
    assert lab.training.recipe.peer_normalisation == 0.1
    lab.run(1)
    assert lab.training._peer_means
    drawn = []
    lab.blurs.value = 0
    own = ffteach.masks.blur_masks
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "ffteach.beyond.field_lab.blur_masks",
            lambda n, **named: drawn.append(named["blurs"]) or own(n, **named),
        )
        lab.run(1)
    assert set(drawn) == {0}
    lab.field.value = 5
    assert "waits for Reset" in lab.said and lab.net.layers[0].field == 13
    lab.reset_button.click()
    assert lab.net.layers[0].field == 5 and lab.state["step"] == 0
    assert lab.line == "FieldLab(field=5, blurs=0, peer=0.1)"


def test_it_ends_with_the_last_epoch(lab):
    lab.training.epochs = 1
    assert lab.run(1000)["step"] == lab.training.steps_per_epoch
    assert lab.said == "All epochs are done."


@pytest.mark.parametrize(
    "options, message",
    [
        ({"field": 6}, "field=6: choose one of"),
        ({"blurs": 49}, "blurs=49: expected a whole number from 0 to 48"),
        ({"peer": 1.0}, "peer=1.0: expected a number from 0 to 0.3"),
        ({"peer": -1}, "peer=-1: expected a finite number above 0"),
        ({"seed": 0.5}, "seed=0.5"),
    ],
)
def test_it_is_refused_in_words(options, message):
    with pytest.raises(ValueError, match=message):
        FieldLab(**options)
