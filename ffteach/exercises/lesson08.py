"""Unit 8: sequences, and negatives that the network makes itself."""

import torch
import torch.nn.functional as F

from .engine import Exercise

UNIT = "Unit 8: sequences and sleep"


# ---- 8.1


def _judge_pieces(trial, pieces):
    for n, size in ((23, 4), (40, 10)):
        codes = trial.randint(0, 30, n)
        inputs = f"{n} characters, windows of {size}"
        seen, following = trial.pair(trial.call(pieces, codes, size, inputs=inputs))
        seen = trial.tensor(seen, kind="int")
        following = trial.tensor(following, kind="int")
        every = codes.unfold(0, size + 1, 1)
        trial.require(tuple(seen.shape) != (n - size, size + 1), "the answer inside")
        trial.require(tuple(seen.shape) != (n - size + 1, size), "the last has none")
        trial.require(tuple(seen.shape) != (n - size - 1, size), "one too few")
        trial.require(tuple(seen.shape) != (n // size, size), "side by side")
        trial.require(tuple(following.shape) != (n - size, 1), "a column")
        trial.tensor(seen, (n - size, size), kind="int")
        trial.tensor(following, (n - size,), kind="int")
        trial.same(seen, every[:, :-1], {"backwards": every[:, :-1].flip(1)})
        wrong = {
            "the last one again": every[:, -2],
            "the first one": every[:, 0],
        }
        trial.same(following, every[:, -1], wrong)


pieces = Exercise(
    "pieces",
    "8.1 windows",
    points=3,
    minutes=15,
    judge=_judge_pieces,
    says={
        "the answer inside": "Your windows hold the character that is to be predicted. The network "
        "must not see it.",
        "the last has none": "One window too many: after the last `size` characters nothing "
        "follows.",
        "one too few": "One window too few: the last character of the text is a next one, too.",
        "side by side": "Your windows stand side by side. Each begins one character after the "
        "one before, and overlaps with it.",
        "a column": "The next characters are one row of numbers, `(n - size,)`, not a column.",
        "backwards": "The characters of your windows run backwards.",
        "the last one again": "You return the last character of each window. The NEXT one is to be "
        "predicted.",
        "the first one": "You return the first character of each window. The NEXT one is to be "
        "predicted.",
    },
    hints=(
        "How many places are there at which `size` characters and one more fit?",
        "codes.unfold(0, size + 1, 1) is a row of size + 1 characters for each such place.",
        "All columns but the last are the windows; the last column is what follows.",
    ),
    solution="""
def pieces(codes, size):
    every = codes.unfold(0, size + 1, 1)
    return every[:, :-1], every[:, -1]
""",
)


# ---- 8.2


def _judge_made_up(trial, made_up):
    for n in (7, 12):
        batch, drawn = trial.randint(0, 30, n, 11), trial.randint(0, 30, n)
        drawn = torch.where(drawn == batch[:, 10], (drawn + 1) % 30, drawn)
        inputs = f"{n} pieces of eleven characters"
        value = trial.tensor(trial.call(made_up, batch, drawn, inputs=inputs), kind="int")
        trial.require(tuple(value.shape) != (n, 11), "eleven")
        trial.tensor(value, (n, 10), kind="int")
        own = drawn[:, None]
        wrong = {
            "a real one": batch[:, 1:],
            "a gap in time": torch.cat([batch[:, :9], own], dim=1),
            "at the front": torch.cat([own, batch[:, 1:10]], dim=1),
            "all of them": own.expand(n, 10),
        }
        trial.same(value, torch.cat([batch[:, 1:10], own], dim=1), wrong)


made_up = Exercise(
    "made_up",
    "8.2 a negative by the teacher",
    points=3,
    minutes=15,
    judge=_judge_made_up,
    says={
        "eleven": "The network sees ten characters: nine real ones and the drawn one.",
        "a real one": "This is the real text. The last character must be the drawn one.",
        "a gap in time": "The draw was made for what follows the FIRST TEN characters. You put it "
        "after the first nine: there it is no prediction at all.",
        "at the front": "The drawn character comes last, after the nine that it follows.",
        "all of them": "Only the last character is drawn. The nine before are real.",
    },
    hints=(
        "The network has seen characters 1 to 10 and draws what it expects as number 11.",
        "The window that ends in number 11 begins with number 2.",
        "Join batch[:, 1:10] and drawn as a column: torch.cat([...], dim=1).",
    ),
    solution="""
def made_up(batch, drawn):
    return torch.cat([batch[:, 1:10], drawn[:, None]], dim=1)
""",
)


# ---- 8.3


def _half(g, awake, threshold, temperature):
    sign = -1 if awake else 1
    return F.softplus(sign * (g - threshold) / temperature).mean() / 2


def _judge_half_loss(trial, half_loss):
    for awake in (True, False):
        g = trial.rand(9, low=0.1, high=1.5)
        given = g, awake, 0.5, 0.3
        inputs = f"{'positives' if awake else 'negatives'}, threshold 0.5, temperature 0.3"
        value = trial.tensor(trial.call(half_loss, *given, inputs=inputs), ())
        right = _half(*given)
        name = "the other way round" if awake else "always the day's"  # the day was right
        wrong = {
            name: _half(g, not awake, 0.5, 0.3),
            "the whole": 2 * right,
            "the threshold is missing": _half(g, awake, 0.0, 0.3),
            "the temperature is missing": _half(g, awake, 0.5, 1.0),
            "the mean too early": _half(g.mean(), awake, 0.5, 0.3),
            "a sum": right * len(g),
        }
        trial.same(value, right, wrong)


half_loss = Exercise(
    "half_loss",
    "8.3 the loss of half a day",
    points=3,
    minutes=15,
    judge=_judge_half_loss,
    says={
        "the other way round": "You have day and night the wrong way round: awake, goodness is to "
        "rise above the threshold.",
        "always the day's": "You use the day's loss at night, too: asleep, goodness is to fall.",
        "the whole": "This is twice as much: `ff_loss` is the mean over both kinds, so each brings "
        "half.",
        "the threshold is missing": "Goodness is compared with the threshold, not with 0.",
        "the temperature is missing": "The distance to the threshold is divided by the "
        "temperature.",
        "the mean too early": "You take the mean of the goodness first. Each window has a softplus "
        "of its own.",
        "a sum": "This is the sum over the windows. Take the mean.",
    },
    hints=(
        "`ff_loss` of lesson 01 has two terms, one for each kind. Which one is left by day?",
        "Awake: softplus((threshold - g) / temperature). Asleep: the other sign.",
        "The mean over the windows, divided by 2.",
    ),
    solution="""
def half_loss(g, awake, threshold, temperature):
    wrong = (threshold - g if awake else g - threshold) / temperature
    return F.softplus(wrong).mean() / 2
""",
)

EXERCISES = (pieces, made_up, half_loss)
__all__ = [exercise.key for exercise in EXERCISES] + ["EXERCISES", "UNIT"]
