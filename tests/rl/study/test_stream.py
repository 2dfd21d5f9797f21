from itertools import pairwise

from models.labelled.example import Example
from rl.study.stream import StreamConfig, chunks_of

EXAMPLES = [Example(f"headline number {number} about something else") for number in range(10)]


def test_every_document_comes_once_in_chunks_of_like_size() -> None:
    chunks = chunks_of(EXAMPLES, 1, StreamConfig(n_chunks=3))
    assert [len(chunk) for chunk in chunks] == [3, 4, 3]
    assert sorted(document.id for chunk in chunks for document in chunk) == sorted(f"d{n}" for n in range(10))


def test_a_seed_orders_the_stream_and_changes_no_documents_name() -> None:
    [one], [again], [other] = (chunks_of(EXAMPLES, seed, StreamConfig(n_chunks=1)) for seed in (1, 1, 2))
    assert one == again
    assert [document.id for document in one] != [document.id for document in other]
    assert {(document.id, document.truth) for document in one} == {(each.id, each.truth) for each in other}


def test_documents_are_published_evenly_over_the_days() -> None:
    [chunk] = chunks_of(EXAMPLES, 1, StreamConfig(n_chunks=1, n_days=5.0))
    apart = {(right.published_at - left.published_at).total_seconds() for left, right in pairwise(chunk)}
    assert apart == {43_200.0}  # 5 days / 10


def test_a_shorter_stream_is_the_beginning_of_the_longer_one() -> None:
    [whole] = chunks_of(EXAMPLES, 1, StreamConfig(n_chunks=1))
    [short] = chunks_of(EXAMPLES, 1, StreamConfig(n_chunks=1, n_documents=4))
    assert [document.id for document in short] == [document.id for document in whole[:4]]
