from hypothesis import given
from hypothesis import strategies as st

from models.batching import BatchLimits, batch_stats, decide_all, padding_waste, plan_batches
from models.keyword import KeywordPolicy

lengths_lists = st.lists(st.integers(0, 300), max_size=60)
budgets = st.integers(1, 400)
counts = st.integers(1, 20)


@given(lengths_lists, budgets, counts)
def test_every_document_is_in_exactly_one_batch(lengths, max_padded_tokens, max_documents):
    plan = plan_batches(lengths, max_padded_tokens, max_documents)
    assert sorted(index for batch in plan for index in batch) == list(range(len(lengths)))


@given(lengths_lists, budgets, counts)
def test_no_batch_of_several_exceeds_a_limit(lengths, max_padded_tokens, max_documents):
    for batch in plan_batches(lengths, max_padded_tokens, max_documents):
        assert 1 <= len(batch) <= max_documents
        if len(batch) > 1:
            assert len(batch) * max(lengths[index] for index in batch) <= max_padded_tokens


@given(lengths_lists, budgets, counts)
def test_padding_waste_is_a_share(lengths, max_padded_tokens, max_documents):
    plan = plan_batches(lengths, max_padded_tokens, max_documents)
    assert 0.0 <= padding_waste(lengths, plan) <= 1.0
    assert sum(stats.n_tokens for stats in batch_stats(lengths, plan)) == sum(lengths)


def test_sorting_by_length_wastes_less_than_the_order_of_arrival():
    lengths = [5, 100] * 10
    arrival = [list(range(start, start + 10)) for start in (0, 10)]
    # in arrival order each batch of 10 pads five documents from 5 to 100: 950 of 2,000 are padding
    assert padding_waste(lengths, arrival) == 1 - 1050 / 2000
    assert padding_waste(lengths, plan_batches(lengths, 1000, 10)) == 0.0


def test_actions_come_back_in_the_order_of_the_texts():
    texts = ["Acme fraud with many words in it", "Beta soars", "Gamma"]
    actions, stats = decide_all(KeywordPolicy(), texts, BatchLimits(max_padded_tokens=9))
    assert [action.spans[0].surface for action in actions] == ["Acme", "Beta", "Gamma"]
    assert [batch.n_documents for batch in stats] == [2, 1]


def test_no_texts_give_no_actions():
    assert decide_all(KeywordPolicy(), []) == ([], [])
