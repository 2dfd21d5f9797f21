from models.action import Action, Span
from models.evaluation.judgement import Judgement
from models.evaluation.mistakes import mistakes_of, tag_mistakes_of
from models.labelled.example import Example, LabelledSpan
from models.labelled.sentence import Sentence

NEGATIVE, POSITIVE = (0.7, 0.2, 0.1), (0.1, 0.1, 0.8)


def test_a_label_a_sentiment_a_miss_and_a_made_up_mention_are_four_mistakes():
    example = Example(
        "Acme sues Beta in Ohio",
        sentiment=1,
        spans=(LabelledSpan(0, 4, 0), LabelledSpan(10, 14, 2)),
        are_spans_complete=True,
        source="news",
    )
    spans = (Span(0, 4, "Acme", POSITIVE), Span(18, 22, "Ohio", NEGATIVE))
    document, *mentions = mistakes_of(Judgement(example, Action(NEGATIVE, spans), (POSITIVE, POSITIVE)))
    assert (document.unit, document.expected, document.got, document.probability) == (
        "document",
        "neutral",
        "negative",
        0.7,
    )
    assert (document.source, document.start, "several_mentions" in document.slices) == ("news", None, True)
    assert [(m.unit, m.surface, m.expected, m.got, m.probability) for m in mentions] == [
        ("mention", "Acme", "negative", "positive", 0.8),
        ("mention", "Beta", "positive", None, None),
        ("mention", "Ohio", None, "negative", 0.7),
    ]


def test_where_not_all_spans_are_annotated_only_the_sentiment_towards_them_can_be_wrong():
    example = Example("$A and $B and Co", spans=(LabelledSpan(0, 2, 0), LabelledSpan(7, 9, None)))
    judged = Judgement(example, Action(NEGATIVE, (Span(14, 16, "Co", NEGATIVE),)), (POSITIVE, POSITIVE))
    [mistake] = mistakes_of(judged)
    assert (mistake.surface, mistake.expected, mistake.got) == ("$A", "negative", "positive")


def test_a_named_entity_that_is_missed_is_expected_as_a_mention():
    example = Example("Acme", spans=(LabelledSpan(0, 4, None),), are_spans_complete=True)
    [mistake] = mistakes_of(Judgement(example, Action(NEGATIVE, ()), (NEGATIVE,)))
    assert (mistake.expected, mistake.got) == ("mention", None)
    assert mistakes_of(Judgement(example, Action(NEGATIVE, (Span(0, 4, "Acme", NEGATIVE),)), (NEGATIVE,))) == []


def test_entities_are_wrong_by_boundary_and_by_type():
    sentence = Sentence(("Ann", "Lee", "joins", "Acme"), ("B-PER", "I-PER", "O", "B-ORG"))
    mistakes = tag_mistakes_of(sentence, ["B-PER", "O", "O", "B-LOC"], "a")
    assert [(m.surface, m.start, m.end, m.expected, m.got) for m in mistakes] == [
        ("Ann", 0, 3, None, "PER"),
        ("Ann Lee", 0, 7, "PER", None),
        ("Acme", 14, 18, "ORG", "LOC"),
    ]
    assert tag_mistakes_of(sentence, sentence.tags, "a") == []
