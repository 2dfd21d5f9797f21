"""Many sampled taggings of a batch marked at once: the F1 of `rl.reward`, and what each mention adds to it.

The same numbers as the plain functions. Tensors are (K, B, N): samples, documents, tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from models.decoding import BEGINS, INSIDES
from models.labelled.example import LabelledSpan
from models.tokens import Tokens
from rl.algorithms.feedback_batch import FeedbackBatch
from rl.reward import has_mention_evidence

_ANY = -1


class Marks(NamedTuple):
    """What is said of each mention, at its first token; False everywhere else."""

    is_right: Tensor  # (K, B, N) bool
    is_counted: Tensor  # (K, B, N) bool: it is right, or known to be wrong
    ends: Tensor  # (K, B, N) int64, the last token of the mention that begins here


class MentionMarker:
    """The right mentions of a batch, against which taggings are marked.

    >>> from models.labelled.example import Example
    >>> from rl.algorithms.feedback import Feedback
    >>> from rl.algorithms.feedback_batch import batch_of
    >>> tokens = Tokens("FTX halts", ((0, 3), (4, 9)), (1, 2), (101, 3027, 9190, 102), (0, 3, 1, 0))
    >>> right = Example("FTX halts", spans=(LabelledSpan(0, 3, 0),), are_spans_complete=True)
    >>> marker = MentionMarker(batch_of([Feedback(tokens, right)], torch.device("cpu")), with_sentiment=True)
    >>> marker.f1(marker.marks(torch.tensor([[[1, 0]], [[3, 0]], [[1, 1]]]))).squeeze(1).tolist()
    [1.0, 0.0, 0.6666666865348816]
    """

    def __init__(self, batch: FeedbackBatch, *, with_sentiment: bool) -> None:
        rights = [right if right is not None and has_mention_evidence(right) else None for right in batch.rights]
        tokens = [of_document.tokens for of_document in batch.feedback]
        pairs = list(zip(rights, tokens, strict=True))
        device = batch.device
        self._n_tokens = batch.is_token.sum(-1)  # (B,)
        self.is_known = torch.tensor([right is not None for right in rights], device=device)  # (B,)
        self._is_complete = torch.tensor(
            [bool(right and right.are_spans_complete) for right in rights], device=device
        )
        n_labelled = [len(right.spans) if right else 0 for right in rights]
        self._n_labelled = torch.tensor(n_labelled, dtype=torch.float32, device=device)  # (B,)
        is_open = [_covered(of_text, right.open_ranges if right else ()) for right, of_text in pairs]
        spanned = [
            _covered(of_text, [(s.start, s.end) for s in right.spans] if right else ()) for right, of_text in pairs
        ]
        self._is_open = _padded(is_open, batch.is_token)  # (B, N)
        self._is_spanned = _padded(spanned, batch.is_token)  # (B, N)
        found = [
            (row, *place, _ANY if span.sentiment is None or not with_sentiment else BEGINS[span.sentiment])
            for row, (right, of_text) in enumerate(pairs)
            for span in (right.spans if right else ())
            if (place := _place(span, of_text)) is not None
        ]
        self._right = torch.tensor(found, dtype=torch.int64, device=device).reshape(-1, 4).T  # (4, S)

    def marks(self, tags: Tensor) -> Marks:
        """Return the marks of taggings, (K, B, N) int64."""
        if tags.ndim != 3 or tags.dtype != torch.int64:
            raise ValueError(f"tags must be (K, B, N) int64, got {tuple(tags.shape)} {tags.dtype}")
        begins, ends = _is_in(tags, BEGINS), _ends(tags)
        rows, firsts, lasts, wanted = self._right
        has_tag = torch.where(wanted == _ANY, begins[:, rows, firsts], tags[:, rows, firsts] == wanted)  # (K, S)
        is_found = has_tag & (ends[:, rows, firsts] == lasts)
        places = rows * tags.shape[-1] + firsts
        flat = torch.zeros(len(tags), tags[0].numel(), dtype=torch.int64, device=tags.device)
        is_right = flat.index_add(1, places, is_found.long()).reshape(tags.shape) > 0
        is_wrong = ~_touches(self._is_open, ends) & (
            self._is_complete.unsqueeze(-1) | _touches(self._is_spanned, ends)
        )
        is_known = begins & self.is_known.unsqueeze(-1)
        return Marks(is_right & is_known, is_known & (is_right | is_wrong), ends)

    def f1(self, marks: Marks) -> Tensor:
        """Return the F1 of each tagging, (K, B); 1 where nothing was there and nothing found."""
        return self._f1(marks.is_right.sum(-1), marks.is_counted.sum(-1))

    def credits(self, marks: Marks) -> Tensor:
        """Return what each mention adds to F1, at its first token, (K, B, N), to first order.

        F1 is a ratio of sums, 2 n_right / (n_counted + n_labelled); a mention's part is its own contribution to
        the one minus F1 times that to the other, over the mean of the other. Biased by the curvature, which
        is small beside the noise that whole-document rewards bring into long documents.
        """
        mean_f1 = self.f1(marks).mean(0, keepdim=True).unsqueeze(-1)  # (1, B, 1)
        below = (marks.is_counted.sum(-1).float().mean(0) + self._n_labelled).clamp(min=1).unsqueeze(-1)  # (B, 1)
        return (2 * marks.is_right.float() - mean_f1 * marks.is_counted.float()) / below

    def gains(self, marks: Marks) -> Tensor:
        """Return by how much each token's tag changes the F1 so far, (K, B, N).

        A mention counts from its first token on, and is right from the token after its last one. Over a document
        the gains sum to F1, less the 1 with which a document without mentions begins.
        """
        position = torch.minimum(marks.ends + 1, (self._n_tokens - 1).clamp(min=0).unsqueeze(-1))
        closed = torch.zeros_like(marks.ends).scatter_add(-1, position, marks.is_right.long())
        so_far = self._f1(closed.cumsum(-1), marks.is_counted.cumsum(-1))
        at_start = self._f1(torch.zeros_like(closed[..., :1]), torch.zeros_like(closed[..., :1]))
        return so_far.diff(dim=-1, prepend=at_start)

    def crossings(self) -> Tensor:
        """Return whether a right mention goes on from the token before, (B, N) bool."""
        rows, firsts, lasts, _ = self._right
        steps = torch.zeros(self._is_open.shape[0], self._is_open.shape[1] + 1, dtype=torch.int64, device=rows.device)
        steps.index_put_((rows, firsts + 1), torch.ones_like(rows), accumulate=True)
        steps.index_put_((rows, lasts + 1), -torch.ones_like(rows), accumulate=True)
        return steps.cumsum(-1)[:, :-1] > 0

    def _f1(self, n_right: Tensor, n_counted: Tensor) -> Tensor:
        n_labelled = self._n_labelled if n_right.ndim == 2 else self._n_labelled.unsqueeze(-1)
        below = n_counted + n_labelled
        return torch.where(below > 0, 2 * n_right / below.clamp(min=1), 1.0)


def inside(tags: Tensor) -> Tensor:
    """Return whether a tag goes on with a mention, of any shape."""
    return _is_in(tags, INSIDES)


def _is_in(tags: Tensor, which: Sequence[int]) -> Tensor:
    return torch.isin(tags, torch.tensor(which, device=tags.device))


def _ends(tags: Tensor) -> Tensor:
    """Return for each token the last one before something else than "inside", (K, B, N)."""
    goes_on = torch.cat([inside(tags[..., 1:]), torch.zeros_like(tags[..., :1], dtype=torch.bool)], dim=-1)
    last = torch.arange(tags.shape[-1], device=tags.device).expand_as(tags).masked_fill(goes_on, tags.shape[-1])
    return last.flip(-1).cummin(-1).values.flip(-1)


def _touches(mask: Tensor, ends: Tensor) -> Tensor:
    """Return whether a token from here to the end is in the mask; mask is (B, N), ends (K, B, N)."""
    so_far = torch.nn.functional.pad(mask.long().cumsum(-1), (1, 0)).expand(len(ends), -1, -1)  # (K, B, N + 1)
    return so_far.gather(-1, ends + 1) > so_far[..., :-1]


def _covered(tokens: Tokens, ranges: Sequence[tuple[int, int]]) -> set[int]:
    return {position for start, end in ranges for position in tokens.overlapping(start, end)}


def _padded(positions: Sequence[set[int]], is_token: Tensor) -> Tensor:
    rows = [[position in of_document for position in range(is_token.shape[1])] for of_document in positions]
    return torch.tensor(rows, device=is_token.device)


def _place(span: LabelledSpan, tokens: Tokens) -> tuple[int, int] | None:
    """Return first and last token of a span; None where it begins or ends within one, and so is never found."""
    inside_span = tokens.overlapping(span.start, span.end)
    if not inside_span:
        return None
    first, last = inside_span[0], inside_span[-1]
    is_exact = (tokens.offsets[first][0], tokens.offsets[last][1]) == (span.start, span.end)
    return (first, last) if is_exact else None
