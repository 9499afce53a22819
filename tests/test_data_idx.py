import gzip
import struct

import numpy as np
import pytest

from ganbook.data.idx import read_idx

VALUES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def zipped(content):
    """Compress without the time of day: test names hold these bytes."""
    return gzip.compress(content, mtime=0)


def idx_bytes(values, code=8):
    header = bytes([0, 0, code, values.ndim])
    return header + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "some-idx"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("pack", [bytes, zipped])
@pytest.mark.parametrize("shape", [None, (2, 3, 4), (None, 3, 4)])
def test_reads_plain_and_gzipped(write, pack, shape):
    read = read_idx(write(pack(idx_bytes(VALUES))), shape)
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, VALUES)
    assert read.flags.writeable  # torch.from_numpy warns about memory that is not


def test_one_dimension_and_no_values(write):
    labels = np.array([3, 1, 4], dtype=np.uint8)
    np.testing.assert_array_equal(read_idx(write(idx_bytes(labels))), labels)
    assert read_idx(write(idx_bytes(VALUES[:0]))).shape == (0, 3, 4)


GOOD = idx_bytes(VALUES)
ZIPPED = zipped(GOOD)
FLIPPED = bytearray(ZIPPED)
FLIPPED[-6] ^= 0xFF  # in the checksum at the end


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html>", "got 3c 21 44 4f"),
        (
            idx_bytes(VALUES, code=13),
            "expected it to begin with 00 00 08, got 00 00 0d",
        ),
        (GOOD[:3], "got 00 00 08"),
        (GOOD[:10], "truncated header: 3 dimensions need 12 bytes, got 6"),
        (b"\0\0\x08\0", "truncated header: 0 dimensions"),
        (GOOD[:-1], "truncated, 2 x 3 x 4 needs 24 bytes, got 23"),
        (GOOD + b"\0", "bytes left over after 2 x 3 x 4 values"),
        (zipped(GOOD[:-1]), "needs 24 bytes, got 23"),
        (zipped(GOOD + b"\0"), "bytes left over"),
        (ZIPPED[:-12], "corrupt or truncated gzip"),
        (ZIPPED[:-4], "corrupt or truncated gzip"),
        (bytes(FLIPPED), "corrupt or truncated gzip"),
        (ZIPPED[:10] + b"\xff" * 20, "corrupt or truncated gzip"),
    ],
)
def test_a_damaged_file_is_named_with_its_damage(write, content, complaint):
    path = write(content)
    with pytest.raises(ValueError, match=complaint) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("shape", [(3, 3, 4), (None, 4, 3), (2, 12), (24,)])
def test_another_shape_than_expected(write, shape):
    with pytest.raises(ValueError, match="the header says 2 x 3 x 4"):
        read_idx(write(GOOD), shape)


@pytest.mark.parametrize("pack", [bytes, zipped])
def test_a_lying_header_does_not_allocate(write, pack):
    header = b"\0\0\x08\x03" + struct.pack(">3I", 2**32 - 1, 2**32 - 1, 28)
    with pytest.raises(ValueError, match="the file cannot hold more than"):
        read_idx(write(pack(header + bytes(100))))


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_idx(tmp_path / "nowhere")
