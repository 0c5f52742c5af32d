"""How guesses fared: one beside its outcome, and all of a lesson as a table."""

from html import escape

LOOK = 'style="border-left:.3em solid #0072B2; padding:.2em .7em; max-width:60em"'


class Note:
    """A question with what became of it, set off from the rest."""

    def __init__(self, question, text):
        self.question, self.text = question, text

    def __repr__(self):
        return f"{self.question} {self.text}"

    def _repr_html_(self):
        question, text = escape(self.question), escape(self.text)
        return f'<div role="note" {LOOK}><b>{question}</b> {text}</div>'


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
