"""Signs what is posted, so that a receiver knows that it is ours, whole, and not an old one again.

Knows no alert and no connection.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import datetime

_PREFIX = "whsec_"
_MIN_KEY_BYTES = 24


class SecretInvalid(ValueError):
    """A webhook's secret cannot be used; the message does not show it."""


class WebhookSigner:
    """The headers of the Standard Webhooks scheme (standardwebhooks.com), which libraries of most languages check.

    A receiver refuses what is minutes old, and what was signed with none of its secrets. With two secrets there are
    two signatures: the old one and the new one, while receivers change over.

    >>> signer = WebhookSigner("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    >>> at = datetime.fromisoformat("2021-02-25T15:02:10+00:00")
    >>> signer.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')["webhook-signature"]
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='

    Args:
        secrets: `whsec_` and base64 of at least 24 bytes each, separated by blanks.

    Raises:
        SecretInvalid: one is not.
    """

    def __init__(self, secrets: str) -> None:
        self._keys = [_key(secret) for secret in secrets.split()]
        if not self._keys:
            raise SecretInvalid("must hold a secret")

    def headers(self, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
        """Return the headers of one message.

        Args:
            message_id: the same for every try, plain ASCII.
            at: of this try, aware.
            body: as it is sent.
        """
        seconds = str(int(at.timestamp()))
        signed = b".".join((message_id.encode(), seconds.encode(), body))
        digests = [hmac.new(key, signed, hashlib.sha256).digest() for key in self._keys]
        return {
            "webhook-id": message_id,
            "webhook-timestamp": seconds,
            "webhook-signature": " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests),
        }


def _key(secret: str) -> bytes:
    mend = (
        f"must be {_PREFIX} and base64 of at least {_MIN_KEY_BYTES} bytes: echo {_PREFIX}$(openssl rand -base64 32)"
    )
    if not secret.startswith(_PREFIX):
        raise SecretInvalid(mend)
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise SecretInvalid(mend) from None
    if len(key) < _MIN_KEY_BYTES:
        raise SecretInvalid(mend)
    return key
