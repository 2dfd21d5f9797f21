import shutil

import pytest

from models.encoder import DEFAULT_ENCODER, DEFAULT_SHA256, find_encoder, load_encoder
from models.errors import CheckpointMismatch


def test_the_default_encoder_is_found_and_is_the_one_that_was_measured():
    files = find_encoder(DEFAULT_ENCODER)
    assert files.sha256 == DEFAULT_SHA256
    assert (files.folder / "tokenizer.json").is_file()


def test_any_encoder_is_loaded_from_a_folder_without_its_pooler(tiny_encoder):
    encoder = load_encoder(find_encoder(str(tiny_encoder)))
    assert getattr(encoder, "pooler", None) is None


def test_a_damaged_encoder_is_refused(tiny_encoder, tmp_path):
    folder = shutil.copytree(tiny_encoder, tmp_path / "damaged")
    whole = find_encoder(str(folder)).sha256
    weights = bytearray((folder / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "model.safetensors").write_bytes(weights)
    with pytest.raises(CheckpointMismatch, match=r"expected .*; fetch it again"):
        find_encoder(str(folder), whole)


def test_a_folder_without_weights_is_refused(tmp_path):
    with pytest.raises(CheckpointMismatch, match=r"no model\.safetensors in"):
        find_encoder(str(tmp_path))


def test_a_name_that_can_be_no_hub_name_is_refused_in_one_line():
    with pytest.raises(CheckpointMismatch, match="neither a folder nor found on the hub") as error:
        find_encoder("no/such/folder")
    assert "\n" not in str(error.value)
