"""The field that a guess is written into, in the browser."""

from pathlib import Path

import anywidget
import traitlets

from ..at_once import answer_at_once


class Field(anywidget.AnyWidget):
    """A question with radio buttons, a number or a short text, for a `Guess`.

    value: the answer as text, "" for none. settled: once guess and outcome are both known, the
    guess stays as it is.
    """

    _esm = Path(__file__).with_name("field.js")
    _css = Path(__file__).with_name("field.css")
    question, kind, unit = (traitlets.Unicode().tag(sync=True) for _ in range(3))
    choices, between = (traitlets.List().tag(sync=True) for _ in range(2))
    value, said = (traitlets.Unicode().tag(sync=True) for _ in range(2))
    settled = traitlets.Bool(False).tag(sync=True)

    def __init__(self, guess):
        self.guess = guess
        super().__init__(
            question=guess.question,
            kind=guess.kind,
            unit=guess.unit,
            choices=list(guess.choices),
            between=list(guess.between),
        )
        self.follow()
        self.observe(lambda change: self._take(change["new"]), "value")
        answer_at_once(self)

    def __repr__(self):
        return repr(self.guess)  # what is shown where there are no fields

    def follow(self):
        """Show what is known of the guess."""
        answer = self.guess.answer
        self.settled, self.said = self.guess.settled, self.guess.sentence
        text = "" if answer is None else str(answer)
        self.value = text.removesuffix(".0") if self.kind == "number" else text

    def _take(self, text):
        try:
            self.guess.answer = text
        except ValueError as error:
            self.said = str(error)
