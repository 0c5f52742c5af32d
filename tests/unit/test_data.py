"""Digits: the bundled sample, the validation split, the full set in a folder of our own making, and
what is refused."""

import gzip
import hashlib
import io
import struct
from pathlib import Path
from urllib.error import URLError

import pytest
import torch

from ffteach import Digits, data, load_mnist
from ffteach.checks import check_images, check_labels
from ffteach.data import RAW_FILES, hold_out, load_fashion_mnist, rescale_pixels

NAMES = list(RAW_FILES)


def rows(*splits):
    """The images as a sorted list of bytes, to compare sets of images."""
    return sorted(row.tobytes() for split in splits for row in split.images.numpy())


# ---- the sample


def test_sample_has_the_promised_shapes_and_types(sample):
    assert isinstance(sample, Digits)
    for split, count in zip(sample, (10_000, 0, 2_000)):
        assert split.images.shape == (count, 784) and split.images.dtype == torch.float32
        assert split.labels.shape == (count,) and split.labels.dtype == torch.int64


def test_pixels_are_divided_by_255_exactly_once(sample):
    for split in (sample.train, sample.test):
        levels = split.images * 255
        assert levels.round().sub(levels).abs().max() < 1e-4
        assert levels.aminmax() == (0, 255)


def test_sample_holds_equally_many_of_each_digit(sample):
    assert sample.train.labels.bincount().tolist() == [1000] * 10
    assert sample.test.labels.bincount().tolist() == [200] * 10


def test_sample_shows_upright_digits_that_fit_their_labels(sample):
    """Images and labels in another order, or images turned, would not pass: means of the classes
    classify the test digits."""
    means = torch.stack(
        [sample.train.images[sample.train.labels == digit].mean(dim=0) for digit in range(10)]
    )
    assert (
        torch.cdist(sample.test.images, means).argmin(dim=1) == sample.test.labels
    ).float().mean() > 0.75
    one = means[1].reshape(28, 28)
    assert one[:, 12:16].sum() > 3 * one[12:16].sum()  # a one stands, it does not lie


def test_no_test_image_is_among_the_training_images(sample):
    assert not set(rows(sample.train)) & set(rows(sample.test))


def test_no_network_and_no_folder_are_touched_for_the_sample(no_network, monkeypatch):
    monkeypatch.setenv("FFTEACH_DATA", "no such folder")
    assert len(load_mnist("sample").train.images) == 10_000


def test_a_split_shows_its_size_and_can_be_taken_apart(few):
    assert repr(few) == "Split(200 images)"
    part = few.take(torch.tensor([3, 1]))
    assert torch.equal(part.images, few.images[[3, 1]]) and torch.equal(
        part.labels, few.labels[[3, 1]]
    )


def test_a_damaged_sample_is_noticed(tmp_path, monkeypatch):
    content = bytearray(data.SAMPLE.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "sample.npz").write_bytes(content)
    monkeypatch.setattr(data, "SAMPLE", tmp_path / "sample.npz")
    with pytest.raises(ValueError, match="sample.npz is damaged .checksum.*git checkout"):
        load_mnist()


def test_a_missing_sample_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "SAMPLE", tmp_path / "gone.npz")
    with pytest.raises(RuntimeError, match="gone.npz cannot be read.*install the package again"):
        load_mnist()


@pytest.mark.parametrize("which", ["Sample", "mnist", None, ""])
def test_an_unknown_set_is_refused_with_the_choices(which):
    with pytest.raises(ValueError, match="choose 'sample'.*or 'full'") as caught:
        load_mnist(which)
    assert f"which={which!r}" in str(caught.value)


def test_load_mnist_puts_every_split_on_the_device_asked_for(gpu):
    loaded = load_mnist(validation=100, device=gpu)
    assert {tensor.device.type for split in loaded for tensor in split} == {gpu.type}


def test_load_mnist_asks_for_the_device_first():
    with pytest.raises(ValueError, match="device='abacus'"):
        load_mnist("no such set", device="abacus")


# ---- validation


def test_validation_is_balanced_and_apart_from_the_training_images(sample):
    held = load_mnist(validation=500)
    assert held.validation.labels.bincount().tolist() == [50] * 10
    assert held.train.labels.bincount().tolist() == [950] * 10
    assert rows(held.train, held.validation) == rows(sample.train)
    assert torch.equal(held.test.images, sample.test.images)


def test_validation_images_keep_their_labels(sample):
    label_of = {
        row.tobytes(): label
        for row, label in zip(sample.train.images.numpy(), sample.train.labels.tolist())
    }
    rest, held = hold_out(sample.train, 200)
    for split in (rest, held):
        assert [label_of[row.tobytes()] for row in split.images.numpy()] == split.labels.tolist()


def test_validation_is_the_same_every_time_whatever_the_global_seed(sample):
    torch.manual_seed(1)
    first = hold_out(sample.train, 100)
    torch.manual_seed(2)
    second = hold_out(sample.train, 100)
    for a, b in zip(first, second):
        assert torch.equal(a.images, b.images) and torch.equal(a.labels, b.labels)


def test_validation_is_a_random_choice_from_the_whole_split(sample):
    held = set(rows(hold_out(sample.train, 100)[1]))
    positions = [i for i, row in enumerate(sample.train.images.numpy()) if row.tobytes() in held]
    assert len(positions) == 100 and min(positions) < 2_000 and max(positions) > 8_000


@pytest.mark.parametrize("count", [-10, 5, 15, 10.0, "10", True, None, 10_000, 20_000])
def test_a_bad_validation_size_is_refused_with_the_allowed_range(sample, count):
    with pytest.raises(ValueError, match="multiple of 10 from 0 to 9990") as caught:
        hold_out(sample.train, count)
    assert f"validation={count!r}" in str(caught.value)


def test_the_largest_validation_leaves_one_image_of_each_digit(sample):
    rest, held = hold_out(sample.train, 9990)
    assert rest.labels.bincount().tolist() == [1] * 10 and len(held.labels) == 9990


def test_nothing_can_be_held_out_of_a_split_without_every_digit_but_nothing_may_be(few):
    zeros_and_ones = few.take(few.labels < 2)
    rest, held = hold_out(zeros_and_ones, 0)
    assert len(rest.labels) == 40 and len(held.labels) == 0
    with pytest.raises(ValueError, match="validation=10"):
        hold_out(zeros_and_ones, 10)


def test_rescaled_pixels_follow_the_formula_of_system_B(digits):
    scaled = rescale_pixels(digits, 0.1, 0.1)
    for before, after in zip(digits, scaled):
        torch.testing.assert_close(after.images, before.images * 10 - 1)
        assert torch.equal(after.labels, before.labels)
    assert scaled.train.images.min() == -1 and scaled.train.images.max() == pytest.approx(9)


# ---- the full set, in folders made here


@pytest.fixture
def no_network(monkeypatch):
    """Every download fails at once, as it does without a network; returns the addresses that were
    tried."""
    tried = []

    def fail(url, *args, **kwargs):
        tried.append(url)
        raise URLError("network is unreachable")

    monkeypatch.setattr(data, "urlopen", fail)
    monkeypatch.delenv("FFTEACH_DATA", raising=False)
    return tried


def write_idx(path, shape, content):
    """Write MNIST's file format: a magic number, the sizes, then bytes; what `content` lacks is
    zero."""
    header = struct.pack(f">I{len(shape)}I", 0x0800 + len(shape), *shape)
    with open(path, "wb") as file:
        file.write(header + content)
        file.truncate(len(header) + torch.Size(shape).numel())


def write_mnist(root, train=20, test=20):
    """Write an MNIST folder: image i has a bright pixel at its place i % 784 (the first ten images
    only) and label i % 10."""
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    bright = b"".join(bytes(i) + b"\xff" + bytes(783 - i) for i in range(10))
    for kind, count in (("train", train), ("t10k", test)):
        write_idx(raw / f"{kind}-images-idx3-ubyte", (count, 28, 28), bright)
        write_idx(raw / f"{kind}-labels-idx1-ubyte", (count,), bytes(range(10)) * (count // 10))
    return raw


@pytest.fixture(scope="module")
def full_folder(tmp_path_factory):
    """All 60 000 and 10 000 images, nearly all of them black."""
    root = tmp_path_factory.mktemp("full")
    write_mnist(root, 60_000, 10_000)
    return root


def believe(monkeypatch, folder):
    """Take the files of a folder for MNIST's own."""
    raw = folder / "MNIST" / "raw"
    names = (name for name in RAW_FILES if (raw / name).exists())
    for name in names:
        digest = hashlib.sha256((raw / name).read_bytes()).hexdigest()
        monkeypatch.setitem(RAW_FILES, name, digest)


def test_full_set_is_read_from_a_folder_without_a_download(
    full_folder, no_network, capsys, monkeypatch
):
    believe(monkeypatch, full_folder)
    full = load_mnist("full", root=str(full_folder), validation=10_000)
    assert [len(split.images) for split in full] == [50_000, 10_000, 10_000]
    assert no_network == [] and capsys.readouterr().out == ""
    assert torch.equal(
        full.test.images[:10].argmax(dim=1), torch.arange(10)
    )  # rows and labels in the file's order
    assert full.test.images.aminmax() == (0, 1) and full.test.labels[:12].tolist() == [
        *range(10),
        0,
        1,
    ]


def test_fashion_mnist_is_read_from_its_own_folder(tmp_path, no_network, monkeypatch):
    made = write_mnist(tmp_path / "made").parent
    made.rename(tmp_path / "FashionMNIST")
    clothes = load_fashion_mnist(root=str(tmp_path), validation=10)
    assert [len(split.images) for split in clothes] == [10, 10, 20]
    assert clothes.test.labels.tolist() == [*range(10)] * 2
    assert torch.equal(clothes.test.images[:10].argmax(dim=1), torch.arange(10))
    assert clothes.test.images.aminmax() == (0, 1)
    monkeypatch.setenv("FFTEACH_DATA", str(tmp_path))
    assert torch.equal(load_fashion_mnist().test.images, clothes.test.images)
    with pytest.raises(ValueError, match="validation=15: give a multiple of 10"):
        load_fashion_mnist(root=tmp_path, validation=15)
    (tmp_path / "FashionMNIST" / "raw" / NAMES[0]).write_bytes(b"no digits")
    with pytest.raises(ValueError, match="FashionMNIST.raw is damaged .*delete that folder"):
        load_fashion_mnist(root=tmp_path)


def test_fashion_mnist_without_network_says_so(tmp_path, monkeypatch):
    def fail(*args, **options):
        raise URLError("network is unreachable")

    monkeypatch.setattr("urllib.request.urlopen", fail)
    with pytest.raises(RuntimeError, match="(?s)no Fashion-MNIST in .*network is unreachable"):
        load_fashion_mnist(root=tmp_path)


def test_full_set_without_network_says_what_was_tried_and_what_to_do(tmp_path, no_network, capsys):
    with pytest.raises(RuntimeError) as caught:
        load_mnist("full", root=tmp_path / "data")
    message = str(caught.value)
    assert no_network and all(
        url in message or url.rsplit("/", 1)[0] in message for url in no_network
    )
    assert "network is unreachable" in message
    assert str(tmp_path / "data" / "MNIST" / "raw") in message and all(
        name in message for name in RAW_FILES
    )
    assert "load_mnist('sample')" in message
    assert "downloading" in capsys.readouterr().out


def test_full_set_with_one_file_missing_is_downloaded(tmp_path, no_network):
    (write_mnist(tmp_path) / NAMES[3]).unlink()
    with pytest.raises(RuntimeError, match="network is unreachable"):
        load_mnist("full", root=tmp_path)


def test_full_set_lies_in_root_else_in_FFTEACH_DATA_else_in_the_home_folder(
    tmp_path, no_network, monkeypatch
):
    """Each folder holds files that are not MNIST's, and the refusal names the folder."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    write_mnist(tmp_path / "home" / ".cache" / "ffteach", 30)
    write_mnist(tmp_path / "variable", 40)
    write_mnist(tmp_path / "root", 50)

    def refused(folder, **options):
        with pytest.raises(ValueError, match="Delete that folder") as caught:
            load_mnist("full", **options)
        return str(tmp_path.joinpath(*folder)) in str(caught.value)

    assert refused(["home", ".cache", "ffteach"])
    monkeypatch.setenv("FFTEACH_DATA", str(tmp_path / "variable"))
    assert refused(["variable"])
    assert refused(["root"], root=tmp_path / "root")
    assert refused(["home", ".cache", "ffteach"], root="~/.cache/ffteach")


def test_a_folder_that_cannot_be_written_is_named(tmp_path, no_network, monkeypatch):
    def refuse(path, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(
        RuntimeError,
        match="cannot write to .*Permission denied.*another folder with root=.*load_mnist.'sample'",
    ):
        load_mnist("full", root=tmp_path / "data")


@pytest.mark.parametrize("file", list(RAW_FILES))
@pytest.mark.parametrize(
    "length", [0, 3, 6, 100], ids=["empty", "in the magic number", "in the sizes", "in the content"]
)
def test_a_truncated_file_is_called_damaged(tmp_path, no_network, file, length):
    raw = write_mnist(tmp_path, 200, 200)
    (raw / file).write_bytes((raw / file).read_bytes()[:length])
    with pytest.raises(ValueError, match="damaged.*[Dd]elete that folder"):
        load_mnist("full", root=tmp_path)


def test_labels_that_do_not_belong_to_the_images_are_noticed(full_folder, tmp_path, no_network):
    """The test labels put in place of the training labels: 10 000 labels for 60 000 images."""
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in RAW_FILES:
        (raw / name).symlink_to(full_folder / "MNIST" / "raw" / name)
    (raw / NAMES[1]).unlink()
    (raw / NAMES[1]).symlink_to(full_folder / "MNIST" / "raw" / NAMES[3])
    with pytest.raises(ValueError, match="Delete that folder"):
        load_mnist("full", root=tmp_path)


def test_files_that_were_changed_are_noticed(full_folder, tmp_path, no_network, monkeypatch):
    """Full size and well formed, but not MNIST's: the labels in reversed order."""
    believe(monkeypatch, full_folder)
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in NAMES:
        (raw / name).write_bytes((full_folder / "MNIST" / "raw" / name).read_bytes())
    labels = (raw / NAMES[3]).read_bytes()
    (raw / NAMES[3]).write_bytes(labels[:8] + labels[:7:-1])
    with pytest.raises(ValueError, match=f"{NAMES[3]} is damaged, or not MNIST's: its checksum"):
        load_mnist("full", root=tmp_path)


class Answer(io.BytesIO):
    headers = {"Content-Length": "9"}


def test_what_is_downloaded_is_checked_and_a_second_address_is_tried(
    full_folder, tmp_path, monkeypatch, capsys
):
    believe(monkeypatch, full_folder)
    asked = []

    def answer(url, timeout):
        asked.append(url)
        assert timeout == data.STALLED <= 60
        name = url.rpartition("/")[2].removesuffix(".gz")
        content = (full_folder / "MNIST" / "raw" / name).read_bytes()
        if len(asked) == 1:
            raise TimeoutError("timed out")
        if len(asked) == 3:
            content = content[:-1] + b"7"
        packed = gzip.compress(content, 1)
        return Answer(packed[:50] if len(asked) == 5 else packed)

    monkeypatch.setattr(data, "urlopen", answer)
    full = load_mnist("full", root=tmp_path)
    assert len(full.train.labels) == 60_000 and len(asked) == 7
    assert "train-labels-idx1-ubyte.gz" in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "MNIST" / "raw").iterdir()) == sorted(NAMES)


def test_a_folder_that_cannot_be_read_is_named(tmp_path, no_network):
    (tmp_path / "MNIST").write_text("a file")
    with pytest.raises(RuntimeError, match="cannot write to"):
        load_mnist("full", root=tmp_path)


# ---- what counts as images and labels


@pytest.mark.parametrize(
    "images, error, message",
    [
        (torch.zeros(3, 784, dtype=torch.uint8), TypeError, "torch.uint8.*images.float.. / 255"),
        (torch.zeros(3, 784, dtype=torch.int64), TypeError, "torch.int64"),
        ([[0.0] * 784], TypeError, "images are list"),
        (torch.zeros(3, 28, 28), ValueError, r"\(3, 28, 28\).*reshape"),
        (torch.zeros(784), ValueError, r"\(784,\)"),
        (torch.zeros(0, 784), ValueError, r"empty, shape \(0, 784\)"),
        (torch.full((3, 784), torch.nan), ValueError, "NaN"),
        (torch.full((3, 784), torch.inf), ValueError, "infinite"),
        (torch.full((3, 784), -torch.inf), ValueError, "infinite"),
        (torch.full((3, 784), 255.0), ValueError, "0 to 255|255 to 255.*divide 0..255 by 255"),
        (torch.full((3, 784), -101.0), ValueError, "-101"),
    ],
)
def test_images_of_the_wrong_kind_are_refused(images, error, message):
    with pytest.raises(error, match=message):
        check_images(images)


def test_a_single_bad_pixel_is_found(few):
    for value in (torch.nan, torch.inf, 255.0):
        images = few.images.clone()
        images[150, 400] = value
        with pytest.raises(ValueError, match="pixels"):
            check_images(images)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_normalised_images_such_as_system_Bs_are_admitted(few, dtype):
    check_images((few.images * 10 - 1).to(dtype))


def test_only_images_that_carry_a_label_need_more_than_ten_pixels():
    check_images(torch.zeros(3, 10))
    with pytest.raises(ValueError, match=r"\(3, 10\)"):
        check_images(torch.zeros(3, 10), labelled=True)
    check_images(torch.zeros(3, 11), labelled=True)


@pytest.mark.parametrize(
    "labels, error, message",
    [
        (torch.tensor([1.0, 2.0, 3.0]), TypeError, "torch.float32.*int64.*long"),
        (torch.tensor([1, 2, 3], dtype=torch.int32), TypeError, "torch.int32"),
        ([1, 2, 3], TypeError, "labels are list"),
        (torch.tensor([[1, 2, 3]]), ValueError, r"\(1, 3\).*\(3,\), one label for each image"),
        (torch.tensor([1, 2]), ValueError, r"\(2,\).*\(3,\)"),
        (torch.tensor([], dtype=torch.int64), ValueError, r"\(0,\)"),
        (torch.tensor([0, 5, 10]), ValueError, "0 to 10, expected 0..9"),
        (torch.tensor([-1, 5, 9]), ValueError, "-1 to 9"),
    ],
)
def test_labels_of_the_wrong_kind_are_refused(labels, error, message):
    with pytest.raises(error, match=message):
        check_labels(labels, 3)


def test_labels_may_come_without_a_count_but_not_empty():
    check_labels(torch.arange(10))
    with pytest.raises(ValueError, match="N > 0"):
        check_labels(torch.tensor([], dtype=torch.int64))
