"""An alert in a few lines that can be read on a phone. Knows no receiver's protocol."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.receivers.notice import ActionTold, action_told
from pipeline.records import AlertRecord, AlertStory

_MAX_STORIES = 5
_MAX_EXCERPT_CHARS = 160
_MAX_NAMES = 5
# what people wrote must not ping a whole channel (<!channel>, @everyone) when it is quoted there
_DEFUSED = str.maketrans({"<": "‹", ">": "›", "@": "＠"})


@dataclass(frozen=True)
class Message:
    """What people read.

    >>> from pipeline.receivers.sample import sample_alert
    >>> print(message_of(sample_alert()).body.splitlines()[0])
    Sample Ltd: 14 negative stories in 4 h where 1.2 (0 to 4) were expected
    """

    title: str
    body: str


def message_of(alert: AlertRecord) -> Message:
    """Return the alert for people: what a person did, the sentence that says why, the stories, what it rests on."""
    action = action_told(alert)
    what = f"{action.type} by {_plain(action.by)}" if action else alert.transition
    severity = "" if alert.transition == "closed" else f", {alert.severity}"
    lines = [*(_action_lines(action) if action else ()), *_lines(alert)]
    return Message(title=f"{_plain(alert.topic_name)}: {what}{severity}", body="\n".join(lines))


def _action_lines(action: ActionTold) -> Iterator[str]:
    because = f": {_plain(action.reason)}" if action.reason else ""
    yield f"{action.type.capitalize()} by {_plain(action.by)} at {action.at:%Y-%m-%d %H:%M} UTC{because}"


def _lines(alert: AlertRecord) -> Iterator[str]:
    yield _plain(alert.summary)
    yield ""
    for story in alert.stories[:_MAX_STORIES]:
        yield from _story_lines(story)
    if alert.stories:
        yield ""
    if alert.affected:
        names = ", ".join(_plain(each.topic_name) for each in alert.affected[:_MAX_NAMES])
        more = max(alert.n_affected, len(alert.affected)) - min(len(alert.affected), _MAX_NAMES)
        yield f"Affected: {names}{f' and {more} more' if more else ''}"
    if alert.related:
        yield f"Related: {', '.join(map(_plain, alert.related[:_MAX_NAMES]))}"
    yield f"Severity: {alert.severity}. Sources: {alert.n_sources}. Since {alert.opened_at:%Y-%m-%d %H:%M} UTC."
    yield f"Read by {', '.join(alert.policy_versions) or 'an unknown policy'}. Alert {_plain(alert.id)}"
    if alert.link:
        yield alert.link


def _story_lines(story: AlertStory) -> Iterator[str]:
    excerpt = _plain(story.excerpt)
    if len(excerpt) > _MAX_EXCERPT_CHARS:
        excerpt = excerpt[: _MAX_EXCERPT_CHARS - 1] + "…"
    copies = f", {story.copies} copies" if story.copies > 1 else ""
    yield f"- {excerpt} ({_plain(story.source)}{copies})"
    if story.url and story.url.startswith(("http://", "https://")):
        yield f"  {''.join(story.url.split())}"


def _plain(text: str) -> str:
    return " ".join(text.split()).translate(_DEFUSED)
