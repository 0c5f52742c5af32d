"""Do the unit tests notice? Plant one fault after another into a copy of the package and see.

    python scripts/plant_faults.py                 (all of them: about half an hour)
    python scripts/plant_faults.py overlay peer    (those whose file or text has one of these words)

A fault replaces one piece of a file by another. Each is tried on a temporary copy, with the tests
that are about its file; one that these do not notice is a survivor, and the exit code is then 1.
"""

import shutil
import subprocess
import sys
import tempfile
from os import environ
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# file: its tests, then pairs of what stands there and what is put in its place
FAULTS = {
    "overlay.py": (
        "small_print overlay inference",
        ("shared[:, :CLASSES] = 0", "shared[:, :0] = 0"),
        ("+ strength**2 / shared", "+ strength / shared"),
        ("factor * strength\n", "strength * torch.ones_like(factor)\n"),
        ("(full - 0.9 *", "(full - 0.8 *"),
        ("self.z_shared - layer.bias", "self.z_shared"),
        ("mul_(factor).add_(layer.bias)", "mul_(factor)"),
        ("torch.stack([positive, negative])", "torch.stack([negative, positive])"),
        ("dz_pos + dz_neg", "dz_pos"),
        ("gradient[:, :CLASSES] +=", "gradient[:, :CLASSES] -="),
        ("self.ink[images]", "self.ink[:1]"),
    ),
    "layers.py": (
        "small_print layers training overlay",
        ("z.to(layer.weight.dtype).add_(layer.bias)", "z.to(layer.weight.dtype)"),
        ("return h.square().mean", "return h.square().sum"),
        ("return (loss_pos + loss_neg) / 2", "return loss_pos + loss_neg"),
        ("wrong.chunk(2)[0].neg_()", "wrong.chunk(2)[1].neg_()"),
        ("slopes.chunk(2)[0].neg_()", "slopes.chunk(2)[1].neg_()"),
        ("div_(temperature * len(wrong))\n    slopes", "div_(temperature)\n    slopes"),
        ("torch.cat([-pull, pull])", "torch.cat([pull, -pull])"),
        ("(g_neg - g_pos).div_(temperature)", "(g_neg - g_pos)"),
        ("elif beta:", "elif not beta:"),
        ("bound = 1 / math", "bound = 2 / math"),
        ("bias.normal_(generator=generator)", "bias.zero_()"),
        ("std=1 / math.sqrt", "std=2 / math.sqrt"),
        ("+ self.epsilon))", "+ 1e-6))"),
        ("width = width or self.in_features", "width = self.in_features"),
        ("slope * (2 / h.shape[1])", "slope * (1 / h.shape[1])"),
        ("dz.chunk(2)[0].add_(peer_push)", "dz.add_(peer_push)"),
        ("self.bias.grad += dz", "self.bias.grad -= dz"),
        ("inputs or self.widths[-1]", "inputs or self.widths[0]"),
        ('for name in ("row_scale", "epsilon")', 'for name in ("row_scale",)'),
    ),
    "negatives.py": (
        "small_print negatives",
        ("labelled[:, :CLASSES] = 0", "labelled[:, : CLASSES - 1] = 0"),
        ("_whole_numbers(1, CLASSES,", "_whole_numbers(1, CLASSES - 1,"),
        ("_whole_numbers(0, len(labels),", "_whole_numbers(0, len(labels) - 1,"),
        ("scores.scatter(1, labels.unsqueeze(1), -torch.inf)", "scores"),
        ("goodness_per_label * hardness", "goodness_per_label / (hardness + 1)"),
    ),
    "masks.py": (
        "masks",
        ("blurred > cut", "blurred >= cut"),
        ("matrix @ noise @ matrix.T", "matrix @ noise @ matrix"),
        ("(0.25, 0.5, 0.25)", "(0.3, 0.4, 0.3)"),
        ("torch.lerp(others, images, ", "torch.lerp(images, others, "),
        ("ring.roll(1)", "ring"),
        ("randint(0, 2, (n", "randint(0, 3, (n"),
        ("(size - 1) / 2", "size / 2"),
        ("-0.5 * (x / sigma)", "-1.0 * (x / sigma)"),
    ),
    "pairs.py": (
        "small_print training paper_settings",
        ("images = images * seen.to(images)", "images = images * seen.to(images) / 0.6"),
        ("bernoulli_(1 - recipe.pixel_dropout", "bernoulli_(recipe.pixel_dropout"),
        ("epoch >= self.recipe.uniform_epochs", "epoch > self.recipe.uniform_epochs"),
        ("1.0 if by_head else self.recipe.hardness", "self.recipe.hardness"),
        (
            "torch.cat([positives, self._rescaled(negatives)])",
            "torch.cat([self._rescaled(negatives), positives])",
        ),
        ("self.labels[batch]\n        if", "self.labels[batch.flip(0)]\n        if"),
        ("each=recipe.shift_each", "each=True"),
        ("blurs=self.recipe.blurs, ", ""),
    ),
    "head.py": (
        "small_print paper_settings",
        ('"weight_decay": WEIGHT_COST', '"weight_decay": 0.0'),
        ('"momentum": MOMENTUM', '"momentum": 0.0'),
        ("torch.cat(seen[1:] or seen", "torch.cat(seen"),
        ("share / len(labels)", "1 / len(labels)"),
        ("(1, len(labels)), -1)", "(1, len(labels)), 1)"),
    ),
    "peer.py": (
        "small_print paper_settings",
        ("START = 0.5", "START = 0.0"),
        ("KEPT = 0.9", "KEPT = 0.8"),
        ("running - running.mean()", "running"),
        ("strength / count", "strength"),
    ),
    "schedule.py": (
        "small_print training",
        ("self.recipe.growth_epochs if grown", "self.epochs if grown"),
        ("self.phase >= self.planned_layers", "self.phase > self.planned_layers"),
        ("min(1.0, 2 * left)", "min(1.0, left)"),
        ("self.position / self.images) /", "0) /"),
        ("grown * self.recipe.growth_epochs", "grown * self.epochs"),
        ("math.ceil(self.images", "math.floor(self.images"),
        ("position >= self.images", "position > self.images"),
        ("self.phase + 1, 0, 0", "self.phase + 1, self.epoch, 0"),
    ),
    "shifts.py": (
        "small_print shift",
        ("roll((down, right), dims", "roll((right, down), dims"),
        ("range(-reach, reach + 1)\n", "range(-reach, reach)\n"),
        ("(place - down) % size, (place - right)", "(place + down) % size, (place - right)"),
        (
            "(top * size).unsqueeze(2) + left.unsqueeze(1)",
            "(left * size).unsqueeze(2) + top.unsqueeze(1)",
        ),
        ("torch.randint(-reach, reach + 1, (2,)", "torch.randint(-reach, reach, (2,)"),
    ),
    "training.py": (
        "small_print training interrupts saving words resume",
        ("self.train_split.images.max().item()", "self.train_split.images.abs().max().item()"),
        ("accuracy - before <= recipe.growth_gain", "accuracy - before < recipe.growth_gain"),
        ("layers >= recipe.max_layers", "layers > recipe.max_layers"),
        ("HEAD_RATE * rate / self.learning_rate", "HEAD_RATE"),
        ("share = len(part) / len(batch)", "share = 1.0"),
        ("beta = int(number > 0)", "beta = 0"),
        (
            "if self._is_frozen(index):\n                    continue",
            "if False:\n                    continue",
        ),
        ("self._peer_means = peer_means\n        epoch_done", "epoch_done"),
        ("schedule.step == step:", "schedule.step != step:"),
        (
            "setattr(self, name, state[name])\n            self.schedule.order",
            "self.schedule.order",
        ),
        ('"fixed_negatives": self.pairs.fixed', '"fixed_negatives": None'),
        ("if epoch_done and self.trouble is None:", "if False:"),
        ("layer {layer + 1}: loss", "layer {layer}: loss"),
        ("mean = torch.stack(stats).mean(dim=0)", "mean = stats[-1]"),
        ("factor = self.net.layers[index].row_factor(g, h.shape[1])", "factor = 1"),
    ),
    "inference.py": (
        "small_print inference resume",
        ("layer.row_factor(g)", "1"),
        ("torch.stack(tables).mean(dim=0)", "tables[0]"),
        ("tables.sum(dim=0)", "tables[-1]"),
        ("argmax(dim=1) != labels", "argmax(dim=1) == labels"),
        ("[tables[index] for index in layers]", "[tables[index] for index in sorted(layers)]"),
        ("warn_of(trouble_in(", "(trouble_in("),
    ),
    "probe.py": (
        "small_print probe",
        ("range(min(1, count - 1), count)", "range(count)"),
        ("rescale(h) if normalised else h", "rescale(h)"),
        ("bias - weight @ self.mean", "bias"),
        ("loss + decay / 2", "loss + decay"),
        ("+ decay * weight", "+ 2 * decay * weight"),
        ("if loss > best:", "if loss < best:"),
        ("return loss.item() / len(x)", "return loss.item()"),
        ("// 2)\n    if each", "// 1)\n    if each"),
        (
            '"raw_pixels": test_error(lambda images: images)',
            '"raw_pixels": test_error(see_untrained)',
        ),
    ),
    "recipe.py": (
        "small_print recipes",
        ("round(share / 10) * 10", "int(share / 10) * 10"),
        ("order[: self.train_images]", "order[-self.train_images :]"),
        ("everyone[1:]", "everyone"),
        ("epsilon=self.row_epsilon", "epsilon=1e-6"),
        ("self.pixel_mean, self.pixel_deviation)", "0, self.pixel_deviation)"),
    ),
    "data.py": (
        "data words",
        ("torch.randperm(len(members), generator=generator", "torch.randperm(len(members)"),
        ("count // 10 >= smallest", "count // 10 > smallest"),
        ("(split.images - mean) / deviation", "split.images / deviation - mean"),
        ("if hashlib.sha256(content).hexdigest() != RAW_FILES[name]:", "if False:"),
        ("if hashlib.sha256(content).hexdigest() == wanted:", "if True:"),
        ("pixels if pixels.is_floating_point() else pixels / 255", "pixels / 255"),
    ),
    "saving.py": (
        "saving",
        ("os.replace(beside, path)", "path.write_bytes(beside.read_bytes()[:50])"),
        ('text["version"] <= VERSION', 'text["version"] >= VERSION'),
        ("layer.requires_grad_(learning)", "pass"),
        ("net.to(weights[", "(weights["),
        ("beside.unlink(missing_ok=True)", "pass"),
        ("run.check_state(saved)", "pass"),
        ("allow_pickle=False", "allow_pickle=True"),
    ),
    "checks.py": (
        "words data negatives",
        ("low < 0 or high >= CLASSES", "low < 0 or high > CLASSES"),
        ("max(-low, high) > LARGEST_PIXEL", "high > LARGEST_PIXEL"),
        ("images.shape[1] <= CLASSES", "images.shape[1] < CLASSES"),
        ("math.isqrt(pixels) ** 2 != pixels", "False"),
        ("len(g_pos) != len(g_neg)", "False"),
        ("value < least or", "value <= least or"),
        ("seed < 2**64", "seed <= 2**64"),
    ),
    "runs/report.py": (
        "resume command_line",
        ("return False\n    return True", "return True\n    return True"),
        ("if trouble is None and recipe", "if recipe"),
        ("run.step // run.steps_per_epoch", "run.step"),
        ("keep.remove()", "pass"),
    ),
    "plots.py": ("plots", ('some("goodness values", g, finite=True)', "numbers(g)")),
}


def tried(file, old, new, tests, folder):
    """Return whether the tests notice `new` in the place of `old`."""
    shutil.copytree(ROOT / "ffteach", folder / "ffteach", dirs_exist_ok=True)
    place = folder / "ffteach" / file
    text = place.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise SystemExit(f"{file} holds {old!r} {text.count(old)} times: mend the list of faults")
    place.write_text(text.replace(old, new), encoding="utf-8")
    names = [str(ROOT / "tests" / "unit" / f"test_{name}.py") for name in tests.split()]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *names],
        cwd=ROOT,
        env={**environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
    )
    return done.returncode != 0


def main(words):
    """Try the faults that these words choose and return the exit code."""
    chosen = [
        (file, old, new, tests)
        for file, (tests, *faults) in FAULTS.items()
        for old, new in faults
        if not words or any(word in f"{file} {old} {new}" for word in words)
    ]
    survivors = []
    for file, old, new, tests in chosen:
        with tempfile.TemporaryDirectory() as folder:
            noticed = tried(file, old, new, tests, Path(folder))
        print(f"{'noticed' if noticed else 'SURVIVES':9} {file}: {old!r} -> {new!r}", flush=True)
        survivors += [] if noticed else [(file, old)]
    print(f"{len(chosen)} faults, {len(survivors)} survivors")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
