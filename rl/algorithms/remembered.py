"""What a network that never changes said of documents: each is read once, however often it comes.

Another batch would round otherwise by a little, so this is for figures, and no policy is learned from it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.network import PolicyNetwork
from models.tokens import Tokens
from rl.algorithms.feedback_batch import FeedbackBatch
from rl.algorithms.reading import Reading, read


class RememberedReadings:
    """Answers of a frozen network, by document.

    >>> from transformers import BertConfig, BertModel
    >>> from models.labelled.example import Example
    >>> from rl.algorithms.feedback import Feedback
    >>> from rl.algorithms.feedback_batch import batch_of
    >>> tiny = BertConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
    ...                   intermediate_size=16)
    >>> network = PolicyNetwork(BertModel(tiny, add_pooling_layer=False), None).eval()
    >>> tokens = Tokens("FTX halts", ((0, 3), (4, 9)), (1, 2), (1, 3, 4, 2), (0, 3, 1, 0))
    >>> batch = batch_of([Feedback(tokens, right=Example("FTX halts", sentiment=0))], torch.device("cpu"))
    >>> remembered = RememberedReadings(network)
    >>> bool((remembered.of(batch).tags == remembered.of(batch).tags).all())
    True
    """

    def __init__(self, network: PolicyNetwork) -> None:
        self._network = network
        self._known: dict[Tokens, tuple[Tensor, Tensor]] = {}  # (3,) and (N, 7), on the CPU

    def of(self, batch: FeedbackBatch) -> Reading:
        """Return the network's answer without states; it is asked only if a document is new."""
        if any(of_document.tokens not in self._known for of_document in batch.feedback):
            with torch.no_grad():
                reading = read(self._network, batch)
            for row, of_document in enumerate(batch.feedback):
                tags = reading.tags[row, : len(of_document.tokens.firsts)]
                self._known[of_document.tokens] = (reading.document[row].cpu(), tags.cpu())
        known = [self._known[of_document.tokens] for of_document in batch.feedback]
        n_tokens = batch.firsts.shape[1]
        tags = torch.stack([nn.functional.pad(of_tags, (0, 0, 0, n_tokens - len(of_tags))) for _, of_tags in known])
        document = torch.stack([of_label for of_label, _ in known])
        states = tags.new_zeros(*tags.shape[:2], 0)
        return Reading(document.to(batch.device), tags.to(batch.device), states.to(batch.device))
