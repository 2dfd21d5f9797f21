"""Keys change, and what was signed before goes on to hold: docs/runbooks/rotate-secrets.md."""

from pathlib import Path

import pytest

from pipeline.errors import CommandFailed
from pipeline.policies.keys import load_private, load_public, make_pair
from pipeline.policies.refusals import RefusalReason, ReleaseRefused
from pipeline.policies.release import Change
from pipeline.policies.signing import seal, unseal

CHANGE = Change(id="c", base=0, releases=())


def test_a_file_of_two_public_keys_takes_what_either_has_signed(tmp_path: Path) -> None:
    pairs = [make_pair(tmp_path / name) for name in ("old", "new", "stranger")]
    both = tmp_path / "both.pub.pem"
    both.write_bytes(b"".join(public.read_bytes() for _, public in pairs[:2]))
    for private, _ in pairs[:2]:
        assert unseal(seal(CHANGE, load_private(private)), load_public(both)) == CHANGE
    with pytest.raises(ReleaseRefused) as refused:
        unseal(seal(CHANGE, load_private(pairs[2][0])), load_public(both))
    assert refused.value.reason is RefusalReason.WRONG_SIGNATURE


def test_with_the_new_key_alone_what_the_old_one_signed_does_not_hold(tmp_path: Path) -> None:
    (old, _), (_, new_public) = (make_pair(tmp_path / name) for name in ("old", "new"))
    with pytest.raises(ReleaseRefused):
        unseal(seal(CHANGE, load_private(old)), load_public(new_public))


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_file_without_a_key_is_one_line_with_the_mend(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(content)
    with pytest.raises(CommandFailed, match="is no public key in PEM; make a pair with `finsurge policy keys`"):
        load_public(file)
