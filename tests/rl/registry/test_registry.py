from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest

from models.checkpoint import MANIFEST_FILE, SHIPPED, TRAINED_FILE
from models.errors import CheckpointMismatch
from rl.registry.cache import PolicyCache
from rl.registry.checksums import checksums_of
from rl.registry.errors import PolicyDamaged, PolicyMissing, RegistryUnavailable, VersionTaken
from rl.registry.registry import Registry
from rl.registry.stored import StoredPolicy

NewVersion = Callable[[float], Path]


@pytest.fixture(params=["path", "file", "memory", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A registry of each kind; what is in memory is the process's, so each test has its own."""
    if request.param == "s3":
        return f"s3://{request.getfixturevalue('bucket')}/registry of policies"
    folder = tmp_path / "registry of policies"
    return {"path": str(folder), "file": f"file://{folder}", "memory": f"memory://{uuid.uuid4().hex}"}[request.param]


def test_what_was_put_is_fetched_byte_for_byte(url: str, tmp_path: Path) -> None:
    stored = Registry(url).put(SHIPPED)
    folder = PolicyCache(tmp_path / "cache").fetch(stored)
    assert checksums_of(folder) == checksums_of(SHIPPED)
    assert sorted(path.name for path in folder.iterdir()) == [MANIFEST_FILE, TRAINED_FILE]


def test_the_location_is_a_url_that_another_process_can_open(url: str) -> None:
    assert "://" in Registry(url).put(SHIPPED).location


def test_versions_are_those_that_were_put(url: str, new_version: NewVersion) -> None:
    registry = Registry(url)
    assert registry.versions() == []
    stored = [registry.put(SHIPPED).version, registry.put(new_version(1.5)).version]
    assert Registry(url).versions() == sorted(stored)


def test_to_put_a_version_again_changes_nothing(url: str) -> None:
    registry = Registry(url)
    assert registry.put(SHIPPED) == registry.put(SHIPPED)
    assert registry.stored(registry.versions()[0]) == registry.put(SHIPPED)


def test_a_version_is_never_overwritten_with_other_bytes(url: str, new_version: NewVersion) -> None:
    registry = Registry(url)
    folder = new_version(1.5)
    stored = registry.put(folder)
    manifest = folder / MANIFEST_FILE
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    with pytest.raises(VersionTaken, match=rf"{stored.version} holds another manifest.json"):
        registry.put(folder)
    assert registry.stored(stored.version) == stored


def test_a_version_whose_manifest_did_not_come_is_not_there_and_can_be_put_again(tmp_path: Path) -> None:
    registry = Registry(str(tmp_path / "registry"))
    stored = registry.put(SHIPPED)
    (tmp_path / "registry" / stored.version / MANIFEST_FILE).unlink()
    (tmp_path / "registry" / stored.version / TRAINED_FILE).write_bytes(b"half")
    assert registry.versions() == []
    assert registry.put(SHIPPED) == stored
    assert PolicyCache(tmp_path / "cache").fetch(stored)


def test_no_half_written_file_is_left_behind(tmp_path: Path) -> None:
    stored = Registry(str(tmp_path)).put(SHIPPED)
    assert sorted(path.name for path in (tmp_path / stored.version).iterdir()) == [MANIFEST_FILE, TRAINED_FILE]


def test_a_folder_that_is_no_checkpoint_is_not_put(url: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointMismatch):
        Registry(url).put(tmp_path)


def test_a_version_that_is_not_there_is_missing(url: str) -> None:
    with pytest.raises(PolicyMissing, match="has no policy p-00000000; put it there"):
        Registry(url).stored("p-00000000")


@pytest.mark.parametrize("fault", ["cut", "changed", "empty"])
def test_a_damaged_file_is_not_taken_and_leaves_nothing_in_the_cache(tmp_path: Path, fault: str) -> None:
    stored = Registry(str(tmp_path / "registry")).put(SHIPPED)
    weights = tmp_path / "registry" / stored.version / TRAINED_FILE
    whole = weights.read_bytes()
    weights.write_bytes({"cut": whole[:-1], "changed": b"\1" + whole[1:], "empty": b""}[fault])
    cache = PolicyCache(tmp_path / "cache")
    with pytest.raises(PolicyDamaged, match=r"policy\.safetensors is not what its release says"):
        cache.fetch(stored)
    assert list((tmp_path / "cache").iterdir()) == []
    weights.write_bytes(whole)
    assert cache.fetch(stored)


def test_a_missing_file_is_told_with_its_place(url: str, tmp_path: Path) -> None:
    stored = Registry(url).put(SHIPPED)
    elsewhere = StoredPolicy(stored.version, stored.location + "-none", stored.checksums)
    with pytest.raises(PolicyMissing, match=r"-none/policy\.safetensors is not there"):
        PolicyCache(tmp_path / "cache").fetch(elsewhere)


def test_a_cached_version_that_was_damaged_since_is_fetched_anew(tmp_path: Path) -> None:
    stored = Registry(str(tmp_path / "registry")).put(SHIPPED)
    cache = PolicyCache(tmp_path / "cache")
    folder = cache.fetch(stored)
    (folder / TRAINED_FILE).write_bytes(b"rot")
    assert cache.find(stored.version, stored.checksums) is None
    assert checksums_of(cache.fetch(stored)) == checksums_of(SHIPPED)


def test_a_cached_version_needs_no_registry(tmp_path: Path) -> None:
    stored = Registry(str(tmp_path / "registry")).put(SHIPPED)
    cache = PolicyCache(tmp_path / "cache")
    cache.fetch(stored)
    (tmp_path / "registry").rename(tmp_path / "gone")
    assert cache.fetch(stored)


def test_the_cache_keeps_the_versions_that_were_asked_for_last(tmp_path: Path, new_version: NewVersion) -> None:
    registry = Registry(str(tmp_path / "registry"))
    stored = [registry.put(new_version(temperature)) for temperature in (1.5, 1.6, 1.7)]
    cache = PolicyCache(tmp_path / "cache", max_versions=2)
    for second, each in enumerate(stored):
        os.utime(cache.fetch(each), (second, second))
    assert [cache.find(each.version, each.checksums) is not None for each in stored] == [False, True, True]


@pytest.mark.parametrize(
    ("version", "checksums"),
    [
        ("../p-1", {"manifest.json": "0" * 64}),
        (".hidden", {"manifest.json": "0" * 64}),
        ("p-1", {"a/b": "0" * 64}),
        ("p-1", {"manifest.json": "0"}),
        ("p-1", {}),
    ],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, version: str, checksums: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"^(version|checksums) must be "):
        PolicyCache(tmp_path).fetch(StoredPolicy(version, str(tmp_path), checksums))


def test_a_store_without_its_package_says_what_to_install() -> None:
    with pytest.raises(RegistryUnavailable, match=r"cannot open nosuch://x: .*; install its package"):
        Registry("nosuch://x")


def test_a_store_that_does_not_answer_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(RegistryUnavailable, match="does not answer"):
        Registry(str(tmp_path / "file" / "registry")).put(SHIPPED)


ACCESS = {"key": "finsurge", "secret": "wrong"}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"endpoint_url": "http://127.0.0.1:1"}, "could not connect to the endpoint"),
        (ACCESS, "signature|forbidden"),
    ],
)
def test_an_object_store_that_is_away_or_refuses_is_told_as_such(
    bucket: str, options: dict[str, str], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fsspec.config.conf, "s3", options)
    registry = Registry(f"s3://{bucket}/policies")
    calls = (registry.versions, lambda: registry.put(SHIPPED), lambda: registry.stored("p-c9f07f1b"))
    for call in calls:
        with pytest.raises(RegistryUnavailable, match=rf"does not answer: .*({reason})"):
            call()
