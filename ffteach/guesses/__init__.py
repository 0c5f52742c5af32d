"""Guess before an experiment, compare after it.

A cell of its own asks, and the cell that measures compares:

    curves = guesses.ask("What will the curves do?", ["both rise", "they part"])
    share = guesses.ask("How many are read wrongly?", between=(0, 100), unit="%")
    why = guesses.ask("Why?")  # a few words

    curves.compare("they part" if pos > neg + 0.1 else "both rise"), share.compare(100 * error)
"""

from .guess import Guess, ask, page

__all__ = ["Guess", "ask", "page"]
