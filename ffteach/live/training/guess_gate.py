"""Predict first: a gate that keeps some buttons disabled until someone has guessed the accuracy."""

import math

import ipywidgets as widgets

ASK = "Guess first: how many of the validation images will be right in the end?"


def parse_guess(text):
    """Return the share, 0..1, that a text in percent stands for. Raises ValueError in words.

    >>> parse_guess("85 %")
    0.85
    """
    try:
        percent = float(text.strip().rstrip("%"))
    except ValueError:
        percent = math.nan
    if not 0 <= percent <= 100:
        raise ValueError(f"Your guess {text!r}: give a number from 0 to 100, in percent.")
    return percent / 100


class GuessGate:
    """A text field for the guess, `guess` (0..1, None before), and the `buttons` that wait for it.

    needed: is there a gate at all? say: called with a sentence, and with role="alert" for a guess
    that cannot be. taken: called after a guess was accepted.
    """

    def __init__(self, buttons, *, needed, say, taken):
        self.buttons, self.needed, self.say, self.taken = buttons, needed, say, taken
        self.guess = None
        self.field = widgets.Text(
            description="Your guess: validation accuracy in the end (%)",
            placeholder="0 to 100, then Enter",
            continuous_update=False,
            layout={"width": "480px"},
            style={"description_width": "initial"},
        )
        self.field.add_class("ff-guess")
        self.field.observe(lambda change: self._take(change["new"]), "value")
        self.widget = widgets.HBox([self.field], layout={} if needed else {"display": "none"})

    def reset(self):
        """Forget the guess, and if there is a gate close it."""
        self.guess = None
        self.field.value = ""
        self._close(self.needed)

    def _close(self, closed):
        for button in self.buttons:
            button.disabled = closed
        self.field.disabled = not closed

    def _take(self, text):
        if not text.strip() or self.guess is not None:
            return
        try:
            self.guess = parse_guess(text)
        except ValueError as error:
            return self.say(str(error), role="alert")
        self._close(False)
        self.say("Your guess is the dotted line. Now press Train.")
        self.taken()
