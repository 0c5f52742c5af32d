"""A question that is asked before an experiment, the guess, and what came out."""

from html import escape
from math import isfinite

COLOUR = "#882255"  # of a guess in a figure: no series of the lessons has it
NOTE = 'style="border-left:.3em solid #0072B2; padding:.2em .7em; max-width:60em"'
_asked = {}  # question -> Guess, in the order of the lesson


def ask(question, choices=None, *, between=None, unit="", guess=None):
    """Show a question with a field for the answer, and return it as a `Guess`.

    choices: the answers to choose from. between: instead, the lowest and the highest number that
    can be. With neither, the answer is a few words. unit: of the number, such as "%". guess: the
    answer, where no field is shown. Asked again, the same question keeps its answer.

    >>> ask("What will they do?", ["rise", "part"], guess="rise").compare("part")
    Your guess: rise. Outcome: part.
    """
    if choices:
        asked = Choice(question, choices)
    elif between:
        asked = Number(question, between, unit)
    else:
        asked = Guess(question)
    former = _asked.get(question)
    if former is None or former.how_to() != asked.how_to():
        _asked[question] = asked
    asked = _asked[question]
    if guess is not None:
        asked.answer = guess
    if guess is None or _in_a_notebook():
        _show(asked)
    return asked


def page():
    """Return how all guesses of this lesson fared, as a table that a notebook displays."""
    return Page(list(_asked.values()))


class Guess:
    """A question that a few words answer; `ask` makes it.

    answer, outcome: None until they are known. settled: have they been compared? Then the guess
    stays as it is.
    """

    kind, choices, between, unit = "text", (), (0, 0), ""

    def __init__(self, question):
        self.question, self.outcome, self.settled = question, None, False
        self._answer, self._close, self._field = None, None, None

    @property
    def answer(self):
        """The guess, or None. Set until it is settled. Raises ValueError for one that cannot be."""
        return self._answer

    @answer.setter
    def answer(self, value):
        if not self.settled:
            self._answer = None if value in (None, "") else self.checked(value)
            self._tell()

    def compare(self, outcome, *, close=None):
        """Show the guess beside the outcome. Where nobody guessed, show nothing.

        outcome: one of the choices, a number, or some words. close: how far from the outcome a
        guessed number may be to count as close, by default a tenth of the range.
        """
        self.outcome, self._close = self.checked(outcome, outcome=True), close
        self.settled = self.answer is not None
        if self.settled:
            self._tell()
            _show(Note(self.sentence))

    @property
    def verdict(self):
        """How near the guess is to the outcome: "right", "close", other words, or ""."""
        return "" if None in (self.answer, self.outcome) else self.judge()

    @property
    def sentence(self):
        """The guess, once they were compared also outcome and verdict; "" without a guess."""
        if self.answer is None:
            return ""
        words = [f"Your guess: {self.in_words(self.answer)}."]
        if self.settled:
            words += [f"Outcome: {self.in_words(self.outcome)}."]
            words += [f"{self.verdict.capitalize()}."] if self.verdict not in ("", "not so") else []
        return " ".join(words)

    # ---- what depends on the kind of answer

    def checked(self, value, outcome=False):
        """Return an answer, or an outcome, as it is kept. Raises ValueError for an impossible."""
        return str(value).strip()

    def judge(self):
        """Return the verdict, where both are known."""
        return ""

    def in_words(self, value):
        """Return an answer or an outcome as words."""
        return str(value)

    def how_to(self):
        """Return the question and its answers in one line, for where no field is shown."""
        return f"{self.question} (a few words)"

    # ---- how it looks

    def __repr__(self):
        how = "\nTo answer from code, add guess=... to the call of ask."
        return self.sentence or self.how_to() + how

    def _repr_mimebundle_(self, **options):
        if self._field is None:
            from .field import Field  # the widgets, only where one is shown

            self._field = Field(self)
        return self._field._repr_mimebundle_(**options)

    def _tell(self):
        if self._field is not None:
            self._field.follow()


class Choice(Guess):
    """A question with a list of answers to choose from."""

    kind = "choice"

    def __init__(self, question, choices):
        super().__init__(question)
        self.choices = tuple(choices)

    def checked(self, value, outcome=False):
        if value not in self.choices:
            raise ValueError(f"{value!r} is no answer to {self.how_to()!r}")
        return value

    def judge(self):
        return "right" if self.answer == self.outcome else "not so"

    def how_to(self):
        return f"{self.question} ({' / '.join(self.choices)})"


class Number(Guess):
    """A question for a number in a range."""

    kind = "number"

    def __init__(self, question, between, unit):
        super().__init__(question)
        self.between, self.unit = tuple(between), unit

    def checked(self, value, outcome=False):
        low, high = self.between
        number = float(value)  # a tensor of one element, too
        if not isfinite(number) or not outcome and not low <= number <= high:
            raise ValueError(f"{value!r} is no answer to {self.how_to()!r}")
        return number

    def judge(self):
        low, high = self.between
        gap = self.answer - self.outcome
        if abs(gap) <= (0.1 * (high - low) if self._close is None else self._close):
            return "close"
        return f"{self.in_words(abs(gap))} too {'high' if gap > 0 else 'low'}"

    def in_words(self, value):
        return f"{float(f'{value:.3g}'):g} {self.unit}".strip()

    def how_to(self):
        low, high = self.between
        return f"{self.question} ({low:g} to {high:g}{f' {self.unit}' * bool(self.unit)})"

    def mark(self, ax, axis="y"):
        """Draw the guess across a figure as a dotted line; without a guess, nothing.

        axis: "y" for a height, "x" for a place from left to right.
        """
        if self.answer is not None:
            line = {"x": ax.axvline, "y": ax.axhline}[axis]
            line(self.answer, color=COLOUR, linestyle=":", linewidth=2.5, label="your guess")
            ax.legend()


class Note:
    """One sentence, set off from the rest."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text

    def _repr_html_(self):
        return f'<div role="note" {NOTE}>{escape(self.text)}</div>'


class Page:
    """The guesses of a lesson beside their outcomes."""

    columns = ("question", "your guess", "outcome", "verdict")

    def __init__(self, guesses):
        self.guesses = guesses

    @property
    def summary(self):
        """How many questions there were, and how many guesses were right or close."""
        answered = [guess for guess in self.guesses if guess.answer is not None]
        if not answered:
            return f"{len(self.guesses)} questions, and no guess yet."
        good = sum(guess.verdict in ("right", "close") for guess in answered)
        return (
            f"{len(self.guesses)} questions, {len(answered)} guesses, {good} of them right or close"
        )

    def rows(self):
        """Return the cells of the table, as words: a row for each question."""
        for guess in self.guesses:
            answer, outcome = (
                "" if value is None else guess.in_words(value)
                for value in (guess.answer, guess.outcome)
            )
            yield guess.question, answer or "no guess", outcome if answer else "", guess.verdict

    def __repr__(self):
        return "\n".join([self.summary, *(" | ".join(row) for row in self.rows() if row[2])])

    def _repr_html_(self):
        if not any(outcome for _, _, outcome, _ in self.rows()):
            return f"<p>{self.summary}</p>"
        left = 'style="text-align:left"'
        head = "".join(f'<th scope="col" {left}>{name}</th>' for name in self.columns)
        body = ""
        for question, *cells in self.rows():
            cells = "".join(f"<td {left}>{escape(text)}</td>" for text in cells)
            body += f'<tr><th scope="row" {left}>{escape(question)}</th>{cells}</tr>'
        caption = f'<caption style="caption-side:top">{self.summary}</caption>'
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _in_a_notebook():
    """Is there a notebook, or a like front end, that could show a field?"""
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")


def _show(thing):
    if _in_a_notebook():
        from IPython.display import display

        display(thing)
    else:
        print(thing)
