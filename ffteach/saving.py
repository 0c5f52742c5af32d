"""Save a network, or a whole training, into a file that can be read without running anything.

The file is NumPy's `.npz`, a zip archive: the tensors as plain arrays, each with a checksum, and
one text in JSON that says where each belongs. No pickle is in it, so no file can run code.
"""

import contextlib
import io
import json
import os
import uuid
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from .checks import check_precision, found
from .data import Digits
from .device import choose_device
from .layers import FFNet
from .recipe import Recipe
from .training import Training

FORMAT, VERSION = "ffteach", 2  # 1: with the settings of the optimisers, which are not needed


def save(path, net_or_run):
    """Write an `FFNet`, or a `Training` with all that it needs to go on to the bit, into a file.

    The data are not in it. A file that was there is replaced in one moment, or not at all. Raises
    TypeError for anything else to save, RuntimeError if the file cannot be written.

    >>> save("my_network.npz", FFNet([784, 20]))
    """
    run = net_or_run if isinstance(net_or_run, Training) else None
    net = net_or_run if run is None else run.net
    if not isinstance(net, FFNet):
        raise TypeError(f"net_or_run is {found(net)}, expected an FFNet or the Training of train()")
    check_precision(net)
    content = {
        "widths": net.widths,
        "head": net.head is not None,
        "learns": [layer.weight.requires_grad for layer in net.layers],
        "training": None,
    }
    if run is None:
        content["weights"] = net.state_dict()  # and the settings that give them their meaning
    else:
        own = {"recipe": asdict(run.recipe), "draw": run.draw is not None}
        content["training"] = run.state_dict() | own
        content["weights"] = content["training"].pop("net")
    arrays = []
    text = {"format": FORMAT, "version": VERSION, "content": _pack(content, arrays)}
    _write(path, json.dumps(text), arrays)


def load(path, data=None, *, draw=None, device=None):
    """Return the `FFNet` of a file that `save` wrote, or with `data` its `Training`, to go on with.

    data: those that the run learns from; the file does not hold them. draw: the run's own
    negatives, if it had any (see `train`). device: see `choose_device`; by default that of `data`.
    Raises RuntimeError for a file that cannot be read, ValueError for one that is damaged, foreign
    or newer, for other data, and for data where only a network was saved.

    >>> save("my_network.npz", FFNet([784, 20]))
    >>> load("my_network.npz").widths
    [784, 20]
    """
    content = _read(path)
    with _well_formed(path):
        saved, weights, learns = content["training"], content["weights"], content["learns"]
        started = content["widths"] if data is None or not saved else saved["made_for"]["widths"]
        start = torch.Generator()  # of weights that are replaced: torch's own stays as it is
        net = FFNet(started, head=content["head"], generator=start, **weights["_extra_state"])
        net.to(weights["layers.0.weight"].dtype)
    if data is None:
        with _well_formed(path):
            net.load_state_dict(weights)
        result = net.to(choose_device(device))
    else:
        result = _training(path, saved, weights, net, data, draw, device)
    for layer, learning in zip(net.layers, learns):
        layer.requires_grad_(learning)
    return result


def _training(path, saved, weights, net, data, draw, device):
    """The `Training` of a file on the network as it was when the run began."""
    if saved is None:
        raise ValueError(
            f"{path} holds a network without a training: load(path), then train(net, data, recipe)"
        )
    if saved["draw"] != (draw is not None):
        had = "had a function of its own for its negatives: give it as draw=..."
        raise ValueError(f"the run in {path} {had if saved['draw'] else 'had no draw of its own'}")
    with _well_formed(path):
        recipe = Recipe(**saved["recipe"])
    split = data.train if isinstance(data, Digits) else data
    place = device if device is not None else getattr(split, "images", torch.empty(0)).device
    run = Training(net.to(choose_device(place)), data, recipe, draw=draw)
    run.check_state(saved)
    with _well_formed(path):
        run.load_state_dict({**saved, "net": weights})
    return run


# ---- tensors apart, and all else as JSON


def _pack(value, arrays):
    """Return `value` as what JSON knows; its tensors go to the end of the list `arrays`."""
    if isinstance(value, torch.Tensor):
        arrays.append(value.detach().cpu().numpy())
        return {"array": len(arrays) - 1}
    if isinstance(value, dict):
        return {"dict": [[key, _pack(entry, arrays)] for key, entry in value.items()]}
    if isinstance(value, (list, tuple)):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [_pack(entry, arrays) for entry in value]}
    return value.item() if isinstance(value, np.generic) else value


def _unpack(value, arrays):
    """Return what `_pack` was given."""
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "array":
        return torch.from_numpy(arrays[f"arr_{content}"])
    if kind == "dict":
        return {key: _unpack(entry, arrays) for key, entry in content}
    return {"list": list, "tuple": tuple}[kind](_unpack(entry, arrays) for entry in content)


# ---- the file


def _place(path):
    """Return a file's name as a `Path`; raise TypeError unless it is one."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path is {found(path)}, expected the name of a file")
    return Path(path).expanduser()


def _write(path, text, arrays):
    """Write beside the file and then swap: it is the old one or the new one at any moment."""
    try:
        path = _place(path).resolve()  # where a link leads to
    except ValueError as error:  # a name that no file can have
        raise RuntimeError(f"{path!r} cannot be written ({error})") from error
    if path.exists() and not path.is_file():
        raise RuntimeError(f"{path} is no ordinary file: choose another name")
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with open(beside, "xb") as file:
            np.savez(file, *arrays, text=np.frombuffer(text.encode(), np.uint8))
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        raise RuntimeError(f"{path} cannot be written ({error.strerror or error})") from error
    finally:
        beside.unlink(missing_ok=True)


def _read(path):
    """Return the content of a file, or raise RuntimeError or ValueError in words."""
    try:
        content = _place(path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        why = getattr(error, "strerror", None) or error
        raise RuntimeError(f"{path} cannot be read ({why})") from error
    if not content.startswith(b"PK"):  # as every zip archive
        raise ValueError(f"{path} is no file that ffteach.save wrote")
    with _well_formed(path), np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        text = json.loads(arrays["text"].tobytes()) if "text" in arrays else {}
        if text.get("format") == FORMAT and text["version"] <= VERSION:
            return _unpack(text["content"], arrays)
    if text.get("format") == FORMAT:
        raise ValueError(
            f"{path} was written by a newer ffteach (its format is {text['version']}, this ffteach "
            f"reads up to {VERSION}): update ffteach"
        )
    raise ValueError(f"{path} is no file that ffteach.save wrote")


@contextlib.contextmanager
def _well_formed(path):
    """Turn whatever comes of reading a damaged file into a sentence."""
    try:
        yield
    except Exception as error:
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ValueError(f"{path} is damaged or was cut short ({what:.100})") from error
