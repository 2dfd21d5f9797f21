from pipeline.demo.right import Right, places_of


def test_a_name_counts_only_where_it_stands_alone() -> None:
    assert places_of("Sony, Sonya and Sony-made", ("Sony",)) == ((0, 4), (16, 20))


def test_a_cashtag_is_one_name_and_not_two() -> None:
    assert places_of("IBM up, $IBM up", ("IBM", "$IBM")) == ((0, 3), (8, 12))


def test_a_text_about_nobody_has_no_mentions() -> None:
    assert Right.of("Inflation eases", "positive", ()).mentions == ()
