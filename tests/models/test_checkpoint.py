import json
import shutil

import pytest

from models.checkpoint import MANIFEST_FILE, SHIPPED, TRAINED_FILE, load_network, read_manifest
from models.errors import CheckpointMismatch
from models.policy import Policy


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(SHIPPED, tmp_path / "policy")


def edit(folder, **fields):
    path = folder / MANIFEST_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_the_shipped_policy_is_small_and_says_what_it_was_made_of():
    manifest = read_manifest(SHIPPED)
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) <= 4 * 2**20
    assert manifest.version.startswith("p-")
    assert "sentiment/sentfin.jsonl" in manifest.data_sha256
    # each floor is two standard errors of its test part below what was measured
    assert manifest.metrics["twitter_financial_news.document_macro_f1"] > 0.76
    assert manifest.metrics["sentfin.document_macro_f1"] > 0.87
    assert manifest.metrics["sentfin.joint_f1"] > 0.75
    assert manifest.metrics["sentfin.span_sentiment_accuracy"] > 0.85
    assert manifest.metrics["finentity.joint_f1"] > 0.74
    for source in ("twitter_financial_news", "sentfin"):
        assert manifest.metrics[f"{source}.document_ece"] <= 0.03


def test_a_version_is_its_content_not_its_folder(folder):
    assert read_manifest(folder).version == read_manifest(SHIPPED).version


@pytest.mark.parametrize("name", [MANIFEST_FILE, TRAINED_FILE])
def test_a_missing_file_is_named_with_the_mend(folder, name):
    (folder / name).unlink()
    with pytest.raises(CheckpointMismatch, match=f"cannot read .*{name}: .*; name a policy folder, or train one"):
        Policy.load(folder)


def test_a_flipped_bit_in_the_weights_is_found(folder):
    weights = bytearray((folder / TRAINED_FILE).read_bytes())
    weights[len(weights) // 2] ^= 1
    (folder / TRAINED_FILE).write_bytes(weights)
    with pytest.raises(CheckpointMismatch, match=r"policy\.safetensors is damaged .*; fetch it again"):
        Policy.load(folder)


def test_a_truncated_manifest_is_found(folder):
    path = folder / MANIFEST_FILE
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CheckpointMismatch, match=r"is no manifest: .*; fetch it again"):
        Policy.load(folder)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"document_temperature": 9.0}, "is not the version of its content"),
        ({"sentiments": ["positive", "neutral", "negative"], "version": ""}, "has other labels than this release"),
        ({"encoder_sha256": "0" * 64, "version": ""}, r"expected 000000000000…; reinstall"),
        ({"adapters": {"rank": 3, "alpha": 6.0, "p_dropout": 0.0}, "version": ""}, "must fit the network"),
    ],
)
def test_a_manifest_that_says_something_else_is_refused(folder, fields, fault):
    edit(folder, **fields)
    with pytest.raises(CheckpointMismatch, match=fault):
        load_network(folder)


def test_figures_may_be_added_without_another_version(folder):
    edit(folder, metrics={"sentfin.joint_f1": 0.1})
    assert read_manifest(folder).version == read_manifest(SHIPPED).version
