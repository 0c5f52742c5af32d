"""What a check answers, and how it looks in a notebook and in a terminal."""

from dataclasses import dataclass
from html import escape

COLOURS = {"right": "#009E73", "not yet": "#E69F00", "not attempted": "#767676"}
SIGNS = {"right": "✓", "not yet": "…", "not attempted": "○"}


class Card:
    """A framed note: a heading that says in words what it is, then text. Notebooks show it as HTML.

    The colour of the frame only repeats the heading, and the text keeps the notebook's own colours.
    """

    heading, text, sign, colour = "", "", "", "#0072B2"

    def lines(self):
        """Return the paragraphs of the card, as plain text."""
        return [self.text] if self.text else []

    def body(self):
        """Return the paragraphs of the card, as HTML."""
        return "".join(f'<p style="margin:.3em 0 0">{escape(line)}</p>' for line in self.lines())

    def __repr__(self):
        return "\n".join([self.heading, *("  " + line for line in self.lines())])

    def _repr_html_(self):
        return (
            f'<div role="note" style="border-left:.4em solid {self.colour};padding:.4em .8em;'
            f'max-width:60em"><strong><span aria-hidden="true">{self.sign} </span>'
            f"{escape(self.heading)}</strong>{self.body()}</div>"
        )


@dataclass(frozen=True, repr=False)
class Verdict(Card):
    """The answer of a check.

    state: "right", "not yet" or "not attempted". name: the mistake that was recognised, "" if there
    is none. sentence: what is wrong, why it matters and where to look. points: the share of the
    exercise's points, 0..1. notes: remarks that cost nothing. title: of the exercise.
    """

    state: str
    name: str = ""
    sentence: str = ""
    points: float = 0.0
    notes: tuple = ()
    title: str = ""

    def __bool__(self):
        return self.state == "right"

    @property
    def heading(self):
        """The state in words, with the points if there are some."""
        part = "" if self.points in (0, 1) else f" ({self.points:.0%} of the points)"
        return f"{self.title}: {self.state}{part}"

    @property
    def sign(self):
        """A mark beside the words; screen readers skip it."""
        return SIGNS[self.state]

    @property
    def colour(self):
        """The colour of the frame."""
        return COLOURS[self.state]

    def lines(self):
        """Return the sentence and the notes."""
        return [line for line in (self.sentence, *self.notes) if line]


class Hint(Card):
    """One step of an exercise's ladder of hints."""

    def __init__(self, number, count, text):
        self.heading, self.text, self.sign = f"Hint {number} of {count}", text, "?"


class Solution(Card):
    """One way to do an exercise, as code."""

    def __init__(self, title, code):
        self.heading, self.text, self.sign = f"{title}: one solution", code.strip(), "!"

    def lines(self):
        """Return the lines of the code."""
        return self.text.splitlines()

    def body(self):
        """Return the code as HTML."""
        return f'<pre style="margin:.3em 0 0">{escape(self.text)}</pre>'
