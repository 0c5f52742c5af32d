"""The register of claims is current, and its figures are stored ones."""

import reproduction


def test_the_page_is_current():
    """`python scripts/reproduction.py` writes it."""
    assert reproduction.PAGE.read_text(encoding="utf-8") == reproduction.page()


def test_every_claim_has_a_verdict_and_what_was_tried_a_figure():
    for claim in (claim for group in reproduction.CLAIMS.values() for claim in group):
        assert claim.verdict in reproduction.VERDICTS
        assert bool(claim.row or claim.ours) == (claim.verdict != "not tried"), claim.says
