"""The list of what the lessons claim, and the script that measures it (which takes long)."""

from pathlib import Path

import check_claims
import pytest
from claims import Claim, lesson_00_02

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("claim", lesson_00_02.CLAIMS, ids=lambda claim: claim.claim[:40])
def test_a_claim_is_of_a_lesson_and_has_bounds(claim):
    lesson = claim.where.split(",")[0]
    assert list(ROOT.glob(f"notebooks/{lesson}_*.ipynb"))
    assert claim.claim and claim.low < claim.high


def test_a_value_outside_the_bounds_is_named_with_its_seed(capsys):
    assert check_claims.check(Claim("02, section 1", "fine", lambda seed: seed, 0, 4))
    assert not check_claims.check(Claim("02, section 1", "not fine", lambda seed: seed, 0, 3))
    assert "by seed: 0, 1, 2, 3, 4" in capsys.readouterr().out
