"""One Forward-Forward network in several processes: a layer each, or a share of the images each.

    torchrun --nproc-per-node 2 scripts/pipeline.py
    torchrun --nproc-per-node 4 scripts/pipeline.py pipelined --widths 784 500 500 500 500
    python scripts/pipeline.py one --steps 500

Nothing is ever sent back: a layer learns from what arrives, sends its activities on and goes on
with the next batch. On machines with a GPU for each process they talk by NCCL, else by gloo.
"""

import argparse
import json
import os
import sys
import time
from collections import deque
from datetime import timedelta

import torch
import torch.distributed as dist

from ffteach import load_mnist
from ffteach.plain import Layer, overlay, predict, wrong_labels

HOWS = ("one", "threads", "data-parallel", "pipelined")
AHEAD = 4  # batches that a layer may be ahead of the next one, which holds them in memory
SILENCE = timedelta(seconds=60)  # a process that says nothing for so long is given up


def batches(data, steps, size, seed):
    """Yield positives and negatives `(size, 784)`: the same in every process."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        seed = torch.randint(2**31, (), generator=generator, device="cpu")
        torch.manual_seed(int(seed))
        chosen = torch.randint(len(data.images), (size,))
        images, labels = data.images[chosen], data.labels[chosen]
        yield images, labels, wrong_labels(labels)


def one(layers, work):
    """All layers here, one after the other."""
    for images, labels, wrong in work:
        x_pos, x_neg = overlay(images, labels), overlay(images, wrong)
        for layer in layers:
            x_pos, x_neg = layer.learn(x_pos, x_neg)


def data_parallel(layers, work):
    """All layers in every process, which sees its share of each batch: gradients are averaged."""
    rank, processes = dist.get_rank(), dist.get_world_size()

    def average(optimiser, *_):
        for parameter in optimiser.param_groups[0]["params"]:
            dist.all_reduce(parameter.grad)
            parameter.grad /= processes

    for layer in layers:
        layer.optimiser.register_step_pre_hook(average)
    one(layers, (tuple(part.chunk(processes)[rank] for part in batch) for batch in work))


def pipelined(layers, work):
    """Layer by layer, one in each process: activities go forward, and nothing comes back."""
    rank, last = dist.get_rank(), dist.get_world_size() - 1
    layer, under_way = layers[rank], deque()
    for images, labels, wrong in work:
        if rank == 0:
            x_pos, x_neg = overlay(images, labels), overlay(images, wrong)
        else:
            both = images.new_empty(2, len(images), layer.weight.shape[1])
            dist.recv(both, src=rank - 1)
            x_pos, x_neg = both
        both = torch.stack(layer.learn(x_pos, x_neg))
        if rank < last:
            under_way.append((dist.isend(both, dst=rank + 1), both))
            if len(under_way) > AHEAD:
                under_way.popleft()[0].wait()
    for sending, _ in under_way:
        sending.wait()


def train(how, widths, data, options):
    """Train a network from the same start in one of the ways; return its layers and seconds."""
    torch.manual_seed(options.seed)
    pairs = zip(widths, widths[1:])
    layers = [Layer(inputs, units).to(data.images.device) for inputs, units in pairs]
    work = batches(data, options.steps, options.batch, options.seed)
    alone, first = how in ("one", "threads"), rank() == 0
    torch.set_num_threads(processes() if how == "threads" else 1)
    together()
    started = time.perf_counter()
    if alone and first:
        one(layers, work)
    elif not alone:
        (data_parallel if how == "data-parallel" else pipelined)(layers, work)
    together()
    seconds = time.perf_counter() - started
    if how == "pipelined":  # every layer to everybody, now that all is done
        for source, layer in enumerate(layers):
            for parameter in layer.parameters():
                dist.broadcast(parameter.data, src=source)
    return layers, seconds


def rank():
    return dist.get_rank() if dist.is_initialized() else 0


def processes():
    return dist.get_world_size() if dist.is_initialized() else 1


def together():
    """Wait until all processes are here, and the GPU has done what it was asked."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    if dist.is_initialized():
        dist.barrier()


def main(arguments=None):
    """Train in each of the ways, and say how fast it was and how far the network is from the
    first."""
    options = parse(arguments)
    device = "cpu"
    if "RANK" in os.environ:
        local, number = int(os.environ["LOCAL_RANK"]), int(os.environ["LOCAL_WORLD_SIZE"])
        gpus = torch.cuda.device_count() >= number
        if gpus:
            device = f"cuda:{local}"
            torch.cuda.set_device(device)
        dist.init_process_group("nccl" if gpus else "gloo", timeout=SILENCE)
    if trouble := refusal(options):
        sys.exit(trouble * (rank() == 0) or 1)
    data, reference, table = load_mnist(device=device), None, []
    for how in options.how:
        if rank() == 0:
            print(f"training: {how}", file=sys.stderr, flush=True)
        layers, seconds = train(how, options.widths, data.train, options)
        weights = torch.cat([p.detach().flatten() for layer in layers for p in layer.parameters()])
        reference = weights if reference is None else reference
        wrong = predict(layers, data.test.images) != data.test.labels if rank() == 0 else None
        if rank() == 0:
            row = {
                "how": how,
                "processes": 1 if how in ("one", "threads") else processes(),
                "steps_per_second": options.steps / seconds,
                "test_error": wrong.double().mean().item(),
                "largest_difference": (weights - reference).abs().max().item(),
            }
            table.append(row)
            if options.save:
                torch.save([layer.state_dict() for layer in layers], f"{options.save}/{how}.pt")
            print(
                "{how:14}{processes} process(es) {steps_per_second:8.1f} steps/s  test error "
                "{test_error:.2%}  weights differ by {largest_difference:.0e}".format(**row),
                flush=True,
            )
    if options.json and rank() == 0:
        with open(options.json, "w") as file:
            json.dump(table, file, indent=2)
    if dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()


def refusal(options):
    """Why these options cannot work, in words, or None."""
    if processes() == 1 and {"data-parallel", "pipelined"} & set(options.how):
        return "start several processes: torchrun --nproc-per-node 2 scripts/pipeline.py"
    if "pipelined" in options.how and len(options.widths) - 1 != processes():
        return (
            f"{len(options.widths) - 1} layers in {processes()} processes: pipelined, each process "
            "owns one layer, so give as many widths after 784 as there are processes"
        )
    if "data-parallel" in options.how and options.batch % processes():
        return f"--batch {options.batch}: {processes()} processes need equal shares of a batch"
    return None


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("how", nargs="*", metavar="HOW", help=f"of {', '.join(HOWS)}; default all")
    parser.add_argument("--widths", type=int, nargs="+", default=[784, 500, 500])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch", type=int, default=100, help="images, of all processes together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE", help="also write the table as JSON")
    parser.add_argument("--save", metavar="FOLDER", help="write each way's weights, as HOW.pt")
    options = parser.parse_args(arguments)
    if unknown := set(options.how) - set(HOWS):
        parser.error(f"{', '.join(sorted(unknown))}: choose of {', '.join(HOWS)}")
    options.how = options.how or list(HOWS)
    return options


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:
        if not dist.is_initialized() or isinstance(error, torch.OutOfMemoryError):
            raise
        # at once, without waiting in torch's clean-up for those who are gone
        print(
            f"process {rank()}: another process of this training ended or does not answer, "
            f"so this one stops too ({str(error).splitlines()[0]:.200})",
            file=sys.stderr,
            flush=True,
        )
        os._exit(1)
