"""Posts JSON and judges the answer: taken, try again, or refused for good.

Knows no alert. Messages never hold the URL, whose path or query is a secret for many receivers.
"""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp

from pipeline.receivers.receiver import DeliveryFailed

_RETRYABLE = frozenset({408, 425, 429})
_MAX_SHOWN_BYTES = 200


async def post_json(
    session: aiohttp.ClientSession, url: str, body: bytes, *, timeout_s: float, headers: Mapping[str, str]
) -> None:
    """Post `body`; return when the answer is 2xx.

    Raises:
        DeliveryFailed: retryable for a timeout, a broken connection, 5xx, 408, 425 and 429; for good otherwise.
    """
    try:
        # a followed 302 would turn the POST into a GET and lose the alert behind a 200
        async with session.post(
            url,
            data=body,
            headers={"Content-Type": "application/json", **headers},
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            allow_redirects=False,
        ) as response:
            if 200 <= response.status < 300:
                return
            shown = await response.content.read(_MAX_SHOWN_BYTES)
            status = response.status
    except TimeoutError:
        raise DeliveryFailed(f"no answer within {timeout_s:g} s", is_retryable=True, may_have_arrived=True) from None
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
        raise DeliveryFailed("not a URL that can be posted to", is_retryable=False) from None
    except aiohttp.ClientError as error:
        is_sent = not isinstance(error, aiohttp.ClientConnectorError)
        why = f"no connection: {type(error).__name__}"
        raise DeliveryFailed(why, is_retryable=True, may_have_arrived=is_sent) from None
    said = " ".join(shown.decode(errors="replace").split())
    raise DeliveryFailed(
        f"answered {status}{f': {said}' if said else ''}",
        is_retryable=status >= 500 or status in _RETRYABLE,
    )
