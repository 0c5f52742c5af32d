"""The engine of the exercises: it runs a student's object and names the mistake.

A judge is a function `judge(trial, answer)`. It calls the answer through `trial`, compares, and
ends in `trial.no(name)` at the first mistake; if it comes to its end, the answer is right.
"""

import contextlib
import ctypes
import io
import math
import threading
import time

import torch

from .verdict import Hint, Solution, Verdict

SECONDS = 10.0  # of processor time for one check; nbgrader's own limit is 30 s a cell
PATIENCE = 2.5  # times as long on the clock: the machine may be busy, or the code asleep
SAYS = {  # mistakes that any answer can make
    "unfinished": "{done}",
    "error": "Your code stopped with {kind}: {message}. It was called with {inputs}. "
    "Call it yourself with such an input, and read the last line of the error.",
    "exits": "Your code ends the program (exit or quit). A function that others call must return: "
    "end it with return or raise.",
    "no return": "Your function returns nothing (None). Its last line should be `return ...`.",
    "not callable": "This is {found}, not a function. Pass the function's name, without brackets.",
    "numpy": "You return a NumPy array. Gradients and devices live in torch tensors: stay in torch "
    "from the first line to the last.",
    "python number": "You return a plain Python number. It has no gradient, so nothing could learn "
    "from it: leave out .item() or float().",
    "not a tensor": "You return {found}, where a torch tensor is expected.",
    "values and indices": "max, min, sort and topk with a dimension return two things, the values "
    "and their indices: take one of them, such as .indices.",
    "tuple": "You return {found}, where {count} values are expected: return a, b.",
    "shape": "The result has shape {got}, but for {inputs} it should have shape {want}.",
    "kind of numbers": "The result is of type {got}, where {want} is needed.",
    "not a number": "The result holds NaN or infinite values for {inputs}. Look for a division by "
    "zero, a logarithm of 0, or an exponential of a large number.",
    "requires grad": "The result still carries the graph of its computation (requires_grad is True)"
    ". Kept in a list it fills the memory: use torch.no_grad() or .detach().",
    "changes its input": "Your code changes the tensor that it is given. The caller still needs "
    "it: work on a copy (.clone()), and avoid methods with a trailing underscore.",
    "global seed": "Your code sets torch's global seed. Then everything random in the notebook "
    "repeats itself: leave the seed to the caller.",
    "never returns": "Your code did not come to an end within {seconds:g} s and was stopped. Look "
    "for a loop whose condition never becomes false, or for a Python loop over far too much.",
    "factor": "Your result is {factor:.4g} times the right one ({inputs}). Look for a factor that "
    "is missing, one too many, or a number written in where a shape or an argument belongs.",
    "constant": "Your function gives the same result for other inputs: it does not depend on what "
    "it is given ({inputs}).",
    "unknown": "The numbers are not right yet, and this is no mistake that we know. Take a case so "
    "small that you can do it by hand, and print every step beside your own.",
}
NOT_ATTEMPTED = "Write your code into the cell above and run it, then check again."
_one_at_a_time = threading.RLock()


class Stop(BaseException):
    """Raised inside the student's code when its time is up."""


class NotYet(Exception):
    """Ends a judgement with the name of a mistake and the points earned all the same, 0..1."""

    def __init__(self, name, sentence, points=0.0):
        super().__init__(name)
        self.name, self.sentence, self.points = name, sentence, points


class NotAttempted(Exception):
    """Ends a judgement of an answer that is still the stub."""


class Exercise:
    """One exercise: `check` an answer, ask for a `hint`, look at a `solution`.

    key: its name in the module. title, goal: for people. points, minutes: for teachers. judge: see
    the module's docstring. says: mistakes by name, a sentence each. hints: three, from a nudge to
    nearly the answer. solution: code. seconds: the time limit of one check. errors: mistakes that
    show as an exception, by name, with texts to look for.
    """

    def __init__(self, key, title, *, points, minutes, judge, says, hints, solution, **options):
        self.key, self.title, self.points, self.minutes = key, title, points, minutes
        self.judge, self.says, self.hints = judge, {**SAYS, **says}, tuple(hints)
        self.own, self.code = tuple(says), solution.strip("\n")
        self.seconds, self.errors = options.get("seconds"), options.get("errors", {})
        self.shown = 0

    def check(self, *answers, seed=None):
        """Return the `Verdict` on the student's answer; it never raises. seed: for the inputs."""
        trial = Trial(self, seed)
        quiet = contextlib.redirect_stderr(io.StringIO())  # warnings: nbgrader would give no points
        with _one_at_a_time, _kept_torch_state(), quiet, contextlib.redirect_stdout(trial.printed):
            state, name, sentence, points = trial.judge(answers)
        notes = ()
        if trial.printed.getvalue() and state != "not attempted":
            notes = ("Your code prints while it is called; what it printed is not shown here.",)
        return Verdict(state, name, sentence, points, notes, self.title)

    def hint(self):
        """Return the next hint; after the last one the ladder begins again."""
        number = self.shown % len(self.hints)
        self.shown += 1
        return Hint(number + 1, len(self.hints), self.hints[number])

    def solution(self):
        """Return one solution. Look at it when you have tried: there are others."""
        return Solution(self.title, self.code)

    def __repr__(self):
        return (
            f"{self.title} ({self.points} points, about {self.minutes} minutes)\n"
            f"  .check(your answer)   .hint()   .solution()"
        )


class Trial:
    """One check at work: fresh random inputs, calls that are watched, comparisons that name."""

    def __init__(self, exercise, seed):
        self.exercise, self.printed = exercise, io.StringIO()
        self.rng = torch.Generator()
        self.rng.manual_seed(seed) if seed is not None else self.rng.seed()
        self.inputs = "these inputs"
        self.seconds = exercise.seconds or SECONDS
        self.words, self.last = {}, None  # for the sentences; the last call: function, arguments
        self.earned, self.done = 0.0, ""  # the share of the points that is safe, and what for
        self.over = False  # has the thread come to its end?
        self.changed = self.seeded = self.graph = False  # what a right answer must not do either

    # ---- random inputs

    def rand(self, *shape, low=0.0, high=1.0):
        """Return uniform numbers between low and high."""
        return low + (high - low) * torch.rand(*shape, generator=self.rng)

    def randn(self, *shape):
        """Return standard normal numbers."""
        return torch.randn(*shape, generator=self.rng)

    def randint(self, low, high, *shape):
        """Return whole numbers from low to high - 1."""
        return torch.randint(low, high, shape, generator=self.rng)

    # ---- ends

    def no(self, name, points=0.0, **words):
        """End with the mistake called `name`."""
        words = {"inputs": self.inputs, **self.words, **words}
        sentence = self.exercise.says[name].format_map(words)
        raise NotYet(name, sentence, max(points, self.earned))

    def require(self, condition, name, points=0.0, **words):
        """End with the mistake called `name` unless the condition holds."""
        if not condition:
            self.no(name, points, **words)

    def earn(self, points, done):
        """Note that this share of the points is safe; done: what is right, and what comes next."""
        self.earned, self.done = points, done

    def attempted(self, *values):
        """End as "not attempted" if a value is still what the stub holds: None or Ellipsis."""
        for value in values:
            if value is None or value is Ellipsis:
                raise NotAttempted

    # ---- calls

    def call(self, function, *args, inputs=None):
        """Return `function(*copies of args)`, watched for errors, changed inputs and the seed."""
        if not callable(function):
            self.attempted(function)
            self.no("not callable", found=describe(function))
        self.inputs, self.last = inputs or _shapes(args), (function, args)
        copies = [a.clone() if type(a) is torch.Tensor else a for a in args]
        seed = int(self.randint(1, 2**31, 1))
        torch.manual_seed(seed)
        try:
            result = function(*copies)
        except (NotYet, NotAttempted, Stop):
            raise
        except (SystemExit, KeyboardInterrupt):
            self.no("exits")
        except BaseException as error:
            if type(error) is NotImplementedError and not error.args:  # the stub's; torch says why
                raise NotAttempted from None
            name, words = self.name_error(error)
            self.no(name, **words)
        finally:
            tensors = [pair for pair in zip(copies, args) if type(pair[1]) is torch.Tensor]
            self.changed |= any(not _identical(copy, original) for copy, original in tensors)
            self.seeded |= torch.initial_seed() != seed
        if result is None:
            self.no("no return")
        return result

    def name_error(self, error):
        """Return the name and words for an exception: the exercise may know it by its text."""
        text = str(error).split("\n")[0]
        for name, signs in self.exercise.errors.items():
            if any(sign in text for sign in signs):
                return name, {}
        message = text[:200].rstrip(" .:") or "no message"
        return "error", {"kind": type(error).__name__, "message": message}

    # ---- types first

    def tensor(self, value, shape=None, kind="float", grad=True):
        """Return the value if it is a genuine tensor of this shape and kind, all of it finite.

        kind: "float", "int", "bool" or None. grad: may it require a gradient?
        """
        if type(value).__module__.split(".")[0] == "numpy":
            self.no("numpy")
        if type(value) in (int, float, bool, complex):
            self.no("python number")
        if type(value).__module__ == "torch.return_types":
            self.no("values and indices")
        if type(value) not in (torch.Tensor, torch.nn.Parameter):
            self.no("not a tensor", found=describe(value))
        self.graph |= not grad and value.requires_grad
        if shape is not None and tuple(value.shape) != tuple(shape):
            self.no("shape", got=tuple(value.shape), want=tuple(shape))
        kinds = {"float": value.is_floating_point(), "bool": value.dtype is torch.bool}
        kinds["int"] = not value.is_complex() and not kinds["float"] and not kinds["bool"]
        if kind and not kinds[kind]:
            self.no("kind of numbers", got=value.dtype, want=f"{kind} numbers")
        if kind == "float" and not finite(value):
            self.no("not a number")
        return value

    def pair(self, value, count=2):
        """Return the value if it is a tuple or list of `count` entries."""
        if type(value) not in (tuple, list) or len(value) != count:
            self.no("tuple", found=describe(value), count=count)
        return value

    # ---- comparisons

    def same(self, value, right, wrong=None, points=0.0, tolerance=1e-4):
        """End unless the value is the right one; `wrong` maps names of mistakes to their values."""
        if name := self.mistake(value, right, wrong, tolerance):
            self.no(name, points)

    def mistake(self, value, right, wrong=None, tolerance=1e-4):
        """Return the name of the mistake, "unknown", or "" if the value is right."""
        if close(value, right, tolerance):
            return ""
        for name, other in (wrong or {}).items():
            others = other if isinstance(other, list) else [other]
            for candidate in others:
                if close(value, candidate, tolerance) and not close(candidate, right, tolerance):
                    return name
        if factor := _factor(value, right, tolerance):
            self.words = {"factor": factor}
            return "factor"
        return "constant" if self._is_constant(value) else "unknown"

    def _is_constant(self, value):
        """Say whether the last call gives the same value for other tensors too."""
        function, args = self.last or (None, ())
        for _ in range(2):
            others = [_other(a) if type(a) in (torch.Tensor, float) else a for a in args]
            if all(other is a for other, a in zip(others, args)):
                return False
            try:
                again = function(*others)
                parts = again if type(again) in (tuple, list) else [again]
                parts = [torch.as_tensor(part).reshape(value.shape) for part in parts]
            except Exception:  # whatever it is, it is no answer that is always the same
                return False
            if not any(close(part, value, 1e-6) for part in parts):
                return False
        return True

    def entries(self, answers, right, read):
        """Return a dict's entries as `read` gives them, None for open ones; at least one is filled.

        right: the right entries. read: turns an entry into a value, or ends the judgement.
        """
        self.attempted(answers)
        self.require(type(answers) is dict and set(answers) <= set(right), "form")
        values = {key: plain(answers.get(key)) for key in right}
        values = {k: None if v is None or v is Ellipsis else read(k, v) for k, v in values.items()}
        if all(value is None for value in values.values()):
            raise NotAttempted
        return values

    # ---- the run

    def judge(self, answers):
        """Return (state, name, sentence, points); runs the judge in a thread that can be stopped.

        What cannot be stopped: one single call into compiled code, such as a sleep of an hour. The
        verdict comes all the same, and that thread goes on until the call returns.
        """
        result = []
        worker = threading.Thread(target=self._run, args=(answers, result), daemon=True)
        worker.start()
        start, clock = time.monotonic(), _clock(worker)
        while worker.is_alive() and time.monotonic() < start + self.seconds * PATIENCE:
            worker.join(0.02)
            if clock() > self.seconds:
                break
        end = time.monotonic() + 1.0
        while (
            worker.is_alive() and not self.over and time.monotonic() < end
        ):  # code may catch it: ask again
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(worker.ident), ctypes.py_object(Stop)
            )
            worker.join(0.05)
        if not result:
            sentence = self.exercise.says["never returns"].format(seconds=self.seconds)
            return "not yet", "never returns", sentence, self.earned
        return result[0]

    def _run(self, answers, result):
        """Do the work of the thread; a second Stop may come while the first is dealt with."""
        with contextlib.suppress(Stop):
            try:
                self._work(answers, result)
            finally:
                self.over = True

    def _work(self, answers, result):
        try:
            with torch.enable_grad():
                self.exercise.judge(self, *answers)
            verdict = "right", "", "", 1.0
        except NotYet as end:
            verdict = "not yet", end.name, end.sentence, end.points
        except NotAttempted:
            verdict = "not attempted", "", NOT_ATTEMPTED, 0.0
            if self.earned:
                verdict = "not yet", "unfinished", self.done, self.earned
        except Stop:
            return
        except BaseException as error:  # an answer of a form that the judge did not foresee
            name, words = self.name_error(error)
            words = {"inputs": self.inputs, **words}
            verdict = "not yet", name, self.exercise.says[name].format_map(words), self.earned
        result.append(self._with_side_effects(*verdict))

    def _with_side_effects(self, state, name, sentence, points):
        """Return the verdict, or one on what the code does besides: a mistake may come from it."""
        if self.changed or self.seeded:
            name = "changes its input" if self.changed else "global seed"
        elif self.graph and state == "right":
            name = "requires grad"
        else:
            return state, name, sentence, points
        return "not yet", name, self.exercise.says[name], min(points, 0.5)


# ---- comparing without the methods of the object that is judged


def numbers(value):
    """Return the entries as a flat list of Python numbers."""
    if isinstance(value, (int, float)):
        return [float(value)]
    return value.detach().to("cpu", torch.float64).reshape(-1).tolist()


def plain(value):
    """Return a single number, bool or text as Python's own; anything else as it is."""
    numpys = type(value).__module__.split(".")[0] == "numpy" and hasattr(value, "item")
    if (numpys and value.size == 1) or (type(value) is torch.Tensor and value.numel() == 1):
        return value.item()
    return value


def finite(value):
    """Say whether every entry is finite."""
    return all(math.isfinite(x) for x in numbers(value))


def close(value, other, tolerance=1e-4):
    """Say whether shapes and entries are equal, up to `tolerance` times the largest entry."""
    if not isinstance(other, (int, float)) and tuple(value.shape) != tuple(other.shape):
        return False
    mine, theirs = numbers(value), numbers(other)
    if len(mine) != len(theirs):
        return False
    allowed = tolerance * max([abs(x) for x in theirs if math.isfinite(x)] + [1e-30])
    return all(x == y or abs(x - y) <= allowed for x, y in zip(mine, theirs))


def _factor(value, right, tolerance):
    """Return the number by which the right result is multiplied, or None."""
    mine, theirs = numbers(value), numbers(right)
    square = sum(x * x for x in theirs)
    if len(mine) != len(theirs) or not square or not math.isfinite(square):
        return None
    factor = sum(x * y for x, y in zip(mine, theirs)) / square
    if abs(factor - 1) < 1e-3:  # it reads as 1: then it is not what is wrong
        return None
    usual = any(abs(factor / f - 1) < 1e-3 for f in (-1, 2, -2, 0.5, -0.5, 4, 0.25, 100, 0.01))
    if not math.isfinite(factor) or not 1e-6 < abs(factor) < 1e6 or (len(mine) < 3 and not usual):
        return None
    room = tolerance * max(abs(factor * x) for x in theirs)
    return factor if all(abs(x - factor * y) <= room for x, y in zip(mine, theirs)) else None


def _other(tensor):
    """Return a tensor with other entries, in another order; whole numbers stay as they are."""
    if type(tensor) is float:
        return tensor * 0.75
    if not tensor.is_floating_point():
        return tensor
    entries = tensor.detach().flatten()
    mixed = entries[torch.randperm(len(entries))]
    return (mixed * 1.25 + 0.1).reshape(tensor.shape)


def describe(value):
    """Return what an object is, in words that do not call its own methods."""
    if type(value) in (tuple, list):
        return f"a {type(value).__name__} of {len(value)} entries"
    return f"an object of type {type(value).__name__}"


def _identical(tensor, before):
    return tensor.shape == before.shape and torch.equal(tensor.detach(), before)


def _clock(thread):
    """Return a function for the processor time that the thread has had, or the time that passed."""
    start = time.monotonic()
    if hasattr(time, "pthread_getcpuclockid"):
        with contextlib.suppress(OSError):
            number = time.pthread_getcpuclockid(thread.ident)
            return lambda: time.clock_gettime(number) if thread.is_alive() else 0.0
    return lambda: time.monotonic() - start


def _shapes(args):
    shapes = [str(tuple(a.shape)) for a in args if isinstance(a, torch.Tensor)]
    return f"an input of shape {' and '.join(shapes)}" if shapes else "these inputs"


@contextlib.contextmanager
def _kept_torch_state():
    """Keep the random state, and let small tensors be worked on by one thread: much quicker."""
    state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.random.set_rng_state(state)
