"""The list of what the lessons claim, and the script that measures it (which takes long)."""

from pathlib import Path

import check_claims
import pytest
from claims import Claim

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("claim", check_claims.CLAIMS, ids=lambda claim: claim.claim[:40])
def test_a_claim_is_of_a_lesson_and_has_bounds(claim):
    lesson = claim.where.split(",")[0]
    assert list(ROOT.glob(f"notebooks/{lesson}_*.ipynb"))
    assert claim.claim and claim.low <= claim.high


def test_a_value_outside_the_bounds_fails_and_every_seed_is_shown(capsys):
    assert check_claims.check(Claim("02, section 1", "fine", lambda seed: seed, 0, 4))
    assert not check_claims.check(Claim("02, section 1", "not fine", lambda seed: seed, 0, 3))
    fine, not_fine = capsys.readouterr().out.splitlines()
    assert fine.startswith("holds") and not_fine.startswith("FAILS")
    assert not_fine.split("|")[1].split() == ["0", "1", "2", "3", "4"]
