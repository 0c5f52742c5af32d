"""Going back in a training lab: moments are kept, and a slider returns to one of them."""

from .moments import Moments


class TimeTravel:
    """Keeps the moments of a lab's training, and takes the lab back to one of them.

    A moment holds the training's state and what was seen up to then. Going on from an earlier one
    drops the later ones.
    """

    def __init__(self, lab):
        self.lab, self.moments = lab, Moments()

    def keep(self, *, always=False):
        """Keep the present moment if it is time to, or in any case."""
        lab, step = self.lab, self.lab.training.step
        if step not in self.moments.steps and (always or self.moments.due(step)):
            numbers = sum(weights.numel() for weights in lab.training.net.parameters())
            size = 3 * 4 * numbers  # with Adam's two averages
            self.moments.keep(step, (lab.training.state_dict(), lab.watch.remember()), size)
            self.show()

    def show(self):
        """Let the slider stand where the training stands, on the way to its target."""
        training = self.lab.training
        last = max(training.total_steps, *self.moments.steps, training.step)
        self.lab.controls.follow_steps(training.step, last)

    def go(self, wanted):
        """Go to the kept moment nearest to step `wanted`, on its side of now; return its step.

        All settings but the epochs go along.
        """
        lab, training = self.lab, self.lab.training
        if not lab.trouble and training.step > max(self.moments.steps):
            self.keep(always=True)  # so that there is a way back
        step = self.moments.nearest(wanted, training.step)
        if step != training.step:
            state, seen = self.moments[step]
            epochs = training.epochs
            training.load_state_dict(state)
            training.epochs = epochs
            lab.watch.go_back(seen)
            controls = lab.controls
            controls.threshold.value = training.threshold
            controls.learning_rate.value = training.learning_rate
            controls.freeze_only(set(training.frozen))
        self.show()
        return step
