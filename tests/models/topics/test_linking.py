from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.action import Span
from models.labels import Sentiment
from models.topics.linking import Linker, LinkReason
from models.topics.watchlist import Topic, Watchlist, bundled_watchlist, load_watchlist

CALM: Sentiment = (0.1, 0.8, 0.1)
BAD: Sentiment = (0.9, 0.1, 0.0)
GOOD: Sentiment = (0.0, 0.2, 0.8)


@pytest.fixture(scope="module")
def linker() -> Linker:
    return Linker(load_watchlist(bundled_watchlist("default")))


def span(text: str, surface: str, sentiment: Sentiment = BAD) -> Span:
    start = text.index(surface)
    return Span(start, start + len(surface), surface, sentiment)


LINKED = [
    # cashtags and tickers
    ("$F to recall 1m vehicles", "ford", "cashtag"),
    ("selling my $f and $aapl today", "apple", "cashtag"),
    ("$BRK.B hits a record", "berkshire", "cashtag"),
    ("$TSLA’s margins shrink", "tesla", "cashtag"),
    ("Trimmed ($META) again", "meta", "cashtag"),
    ("$FB down 4 percent", "meta", "cashtag"),
    ("I sold $T, then $VZ.", "att", "cashtag"),
    ("LONG $C INTO EARNINGS", "citigroup", "cashtag"),
    ("Carmaker (NYSE: F) halts output", "ford", "ticker"),
    ("Carmaker <F.N> halts output", "ford", "ticker"),
    ("Margins shrink at 7203.T again", "toyota", "ticker"),
    ("He bought more NVDA before the call", "nvidia", "ticker"),
    ("Why AAPL's buyback matters", "apple", "ticker"),
    # names, aliases, how they are spelled
    ("Microsoft falls after outage", "microsoft", "name"),
    ("microsoft teams is down again", "microsoft", "name"),
    ("MICROSOFT FALLS AFTER OUTAGE", "microsoft", "name"),
    ("Microsoft’s cloud unit slows", "microsoft", "name"),
    ("Microsoft's cloud unit slows", "microsoft", "name"),
    ("“Microsoft” sued by rivals", "microsoft", "name"),
    ("Microsoft-backed start-up fails", "microsoft", "name"),
    ("Is #Microsoft next?", "microsoft", "name"),
    ("Ｍｉｃｒｏｓｏｆｔ falls", "microsoft", "name"),
    ("Nestlé recalls pizza", "nestle", "name"),
    ("Nestle recalls pizza", "nestle", "name"),
    ("Nestle\u0301 recalls pizza", "nestle", "name"),
    ("L’Oréal sees slower growth", "loreal", "name"),
    ("AT&T loses customers", "att", "name"),
    ("AT&amp;T loses customers", "att", "name"),
    ("Johnson and Johnson faces talc suits", "johnson-johnson", "name"),
    ("J&J faces talc suits", "johnson-johnson", "alias"),
    ("Coca Cola lifts prices", "coca-cola", "name"),
    ("JP Morgan warns on costs", "jpmorgan", "alias"),
    ("J.P. Morgan warns on costs", "jpmorgan", "alias"),
    ("Bank of America cuts staff", "bank-of-america", "name"),
    ("Lowe's misses estimates", "lowes", "name"),
    ("Moody’s cuts its outlook", "moodys", "name"),
    ("McDonald’s’ sales slip", "mcdonalds", "name"),
    ("Google fined in France", "alphabet", "alias"),
    ("IBM cuts 3,900 jobs", "ibm", "name"),
    ("BP to write off $17 billion", "bp", "name"),
    ("Delta Air Lines cancels flights", "delta", "name"),
    ("Toyota Motor Corp recalls cars", "toyota", "alias"),
    ("thanks @microsoft, another forced update", "microsoft", "name"),
    ("@Ford my truck is in the shop again", "ford", "alias"),
    ("#WellsFargo closed my account", "wells-fargo", "name"),
    ("Shares (NSE: SBIN) slip", "sbi", "ticker"),
    ("BRK/B tops the list", "berkshire", "ticker"),
    ("Vale S.A. settles", "vale", "suffix"),
    ("AT & T drops a price", "att", "name"),
    ("P＆G lifts prices", "procter-gamble", "alias"),
    # ambiguous names with what settles them
    ("Apple’s iPhone sales slump in China", "apple", "context"),
    ("Tim Cook sells Apple stock", "apple", "context"),
    ("my apple macbook died", "apple", "context"),
    ("APPLE CUTS IPHONE OUTPUT", "apple", "context"),
    ("Apple shares fall 3%", "apple", "context"),
    ("Apple Inc eyes a bond", "apple", "alias"),
    ("Ford recalls 1.2 million trucks", "ford", "context"),
    ("Ford, $F, slips", "ford", "cashtag"),
    ("Target Corp. cuts its view", "target", "alias"),
    ("Target’s shoppers stay away as inventories swell", "target", "context"),
    ("Shell to sell its Nigeria oil unit", "shell", "context"),
    ("Visa and Mastercard fees probed", "visa", "context"),
    ("Facebook under fire as Zuckerberg testifies", "meta", "context"),
    ("Gap Inc names new chief", "gap", "name"),
    ("Delta cancels hundreds of flights", "delta", "context"),
    ("Ally, the auto lender, sees more defaults", "ally", "context"),
    # themes
    ("US inflation hits a 40-year high", "inflation", "name"),
    ("Brent slips below $72 a barrel", "oil", "context"),
    ("Big Tech layoffs mount", "layoffs", "name"),
    ("Fed holds rates steady", "interest-rates", "context"),
    ("Hackers demand ransom from hospital chain", "cyber-attacks", "alias"),
    ("UAW workers begin strike at three plants", "strikes", "context"),
]


@pytest.mark.parametrize(("text", "topic_id", "how"), LINKED)
def test_it_links(linker: Linker, text: str, topic_id: str, how: str) -> None:
    reasons = {link.topic_id: link.how.value for link in linker.link(text, (), CALM)}

    assert topic_id in reasons
    # a suffix makes "Apple Inc" certain or settles "Apple": both are right
    assert reasons[topic_id] == how or "suffix" in (reasons[topic_id], how) or "Inc" in text or "Corp" in text


NOT_LINKED = [
    # ambiguous names without anything that settles them
    ("How to bake an apple pie", "apple"),
    ("An apple a day keeps the doctor away", "apple"),
    ("Apple Hospitality REIT shares fall", "apple"),
    ("The Big Apple braces for snow", "apple"),
    ("share to Facebook", "meta"),
    ("Like us on Facebook: stocks fall again", "meta"),
    ("A meta analysis of vaccine studies", "meta"),
    ("Price target raised to $50 at Goldman", "target"),
    ("Analysts lift price target on the stock", "target"),
    ("stock hits target of $5.70, earnings beat", "target"),
    ("Work visa fees rise for employees", "visa"),
    ("H-1B visa rules weigh on IT stocks", "visa"),
    ("Shell companies used to hide profits", "shell"),
    ("Stocks gap up at the open", "gap"),
    ("Gender pay gap narrows, says employees' survey", "gap"),
    ("Harrison Ford injured on set", "ford"),
    ("Ontario Premier Doug Ford cuts taxes", "ford"),
    ("They ford the river", "ford"),
    ("Delta variant hits travel stocks", "delta"),
    ("Delta Electronics shares jump", "delta"),
    ("Niger Delta militants attack pipeline", "delta"),
    ("A key ally quits the board", "ally"),
    ("Oh snap, stocks are down", "snap"),
    ("Snap-on profit rises", "snap"),
    ("Times Square sales event", "block"),
    ("Amazon rainforest fires worsen", "amazon"),
    ("The alphabet has 26 letters", "alphabet"),
    # tickers that are no tickers
    ("FORD OUTPUT IS A DRAG ON ALL CARMAKERS", "allstate"),
    ("ALL stocks fell", "allstate"),
    ("He has a C in maths", "citigroup"),
    ("Plan F failed", "ford"),
    ("It costs $5 F", "ford"),
    ("MU variant spreads", "micron"),
    ("BRING YOUR CAT TO WORK", "caterpillar"),
    ("Key LOW for the index", "lowes"),
    ("US$C deal", "citigroup"),
    ("T.O.E. tripping", "att"),
    ("$TCK/B.TO summary", "barrick"),
    ("$ETH rallies with home builders", "crypto"),
    ("Phone operator (TSX: T) adds lines", "att"),
    ("Slots maker (ASX: ALL) buys a studio", "allstate"),
    ("Slots maker ALL.AX buys a studio", "allstate"),
    ("AMEX: GORO files a report", "american-express"),
    # other bearers of a name, and who only rates
    ("Fans file into Barclays Center", "barclays"),
    ("Ron Goldman testified", "goldman-sachs"),
    ("Tesla cut to sell at Goldman Sachs", "goldman-sachs"),
    ("JPMorgan analysts say Boeing may need cash", "jpmorgan"),
    ("Sign in with Google to read on", "alphabet"),
    # names inside other words, addresses and longer names
    ("Microsofts clone", "microsoft"),
    ("see https://example.com/microsoft/tesla", "microsoft"),
    ("RT @microsoft: a new year, a new start", "microsoft"),
    ("I liked a video via @tesla", "tesla"),
    ("Pineapple prices soar", "apple"),
    ("The central bank of America’s neighbour", "bank-of-america"),
    ("Siemens Energy shares crash", "siemens"),
    ("Vodafone Idea losses widen", "vodafone"),
    ("Barrick Gold slips", "gold"),
    ("wait a sec", "regulation"),
    ("it has 450 hp", "hp"),
    ("the sap of the tree", "sap"),
    # themes in other senses
    ("He wins gold medal", "gold"),
    ("Palm oil prices jump", "oil"),
    ("Firm strikes deal with union bank", "strikes"),
    ("I recall the good days", "recalls"),
    ("Fed up with the weather", "interest-rates"),
    ("", "apple"),
]


@pytest.mark.parametrize(("text", "topic_id"), NOT_LINKED)
def test_it_does_not_link(linker: Linker, text: str, topic_id: str) -> None:
    assert topic_id not in {link.topic_id for link in linker.link(text, (), CALM)}


def test_one_link_a_topic_with_every_way_it_is_written(linker: Linker) -> None:
    [link] = linker.link("Tesla slumps: $TSLA below 100, Tesla’s worst day", (), CALM)

    assert link.surfaces == ("Tesla", "TSLA")
    assert link.how is LinkReason.CASHTAG


def test_sentiment_is_the_mean_over_the_topics_spans(linker: Linker) -> None:
    text = "Tesla slumps while Boeing gains; analysts still like Tesla"
    spans = [
        Span(0, 5, "Tesla", (1.0, 0.0, 0.0)),
        span(text, "Boeing", GOOD),
        Span(len(text) - 5, len(text), "Tesla", (0.0, 0.5, 0.5)),
    ]

    tesla, boeing = linker.link(text, spans, CALM)

    assert (tesla.topic_id, tesla.sentiment) == ("tesla", (0.5, 0.25, 0.25))  # the mean of the two spans
    assert (boeing.topic_id, boeing.sentiment) == ("boeing", GOOD)


def test_a_topic_without_a_span_takes_the_documents_sentiment(linker: Linker) -> None:
    text = "Tesla slumps while Boeing gains"

    tesla, boeing = linker.link(text, [span(text, "Tesla")], CALM)

    assert tesla.sentiment == BAD
    assert boeing.sentiment == CALM


def test_a_span_beyond_the_text_is_linked_by_its_surface(linker: Linker) -> None:
    far = Span(900, 916, "Microsoft Corp’s", BAD)

    [link] = linker.link("Software makers had a bad day", [far], CALM)

    assert (link.topic_id, link.sentiment, link.surfaces) == ("microsoft", BAD, ("Microsoft",))


def test_the_policys_mark_settles_an_ambiguous_name_in_a_text_about_a_move(linker: Linker) -> None:
    text = "Apple slides 3 pct in Frankfurt"

    assert linker.link(text, (), CALM) == ()
    [link] = linker.link(text, [span(text, "Apple")], CALM)
    assert (link.topic_id, link.how, link.sentiment) == ("apple", LinkReason.SPAN, BAD)


@pytest.mark.parametrize(
    ("text", "surface"),
    [
        ("Apple on the menu tonight", "Apple"),  # nothing moves
        ("Prices of apple crops slide", "apple"),  # no capital
        ("Mr Apple Hospitality slides 3 pct", "Apple Hospitality"),  # a longer name
    ],
)
def test_the_policys_mark_alone_is_not_enough(linker: Linker, text: str, surface: str) -> None:
    assert "apple" not in {link.topic_id for link in linker.link(text, [span(text, surface)], CALM)}


def test_the_longest_name_wins() -> None:
    topics = (
        Topic(id="bank", name="Bank of America"),
        Topic(id="america", name="America"),
        Topic(id="bofa-fund", name="Bank of America Fund"),
    )
    linker = Linker(Watchlist(topics))

    found = [link.topic_id for link in linker.link("Bank of America Fund, Bank of America, America", (), CALM)]

    assert found == ["bofa-fund", "bank", "america"]


def test_an_ambiguous_ticker_needs_context_unless_it_is_a_cashtag() -> None:
    terra = Topic(id="terra", name="Terraform Labs", tickers=("LUNA",), ambiguous=("LUNA",), context=("Do Kwon",))
    linker = Linker(Watchlist((terra,)))

    assert linker.link("The rocket LUNA lifts off", (), CALM) == ()
    assert linker.link("Do Kwon defends LUNA", (), CALM)[0].how is LinkReason.TICKER
    assert linker.link("Who holds $LUNA now", (), CALM)[0].how is LinkReason.CASHTAG


def test_a_sure_sibling_settles_an_ambiguous_name_that_is_no_common_word() -> None:
    topics = (
        Topic(id="retail", name="shops", kind="theme"),
        Topic(id="lowland", name="Lowland", parent="retail"),
        Topic(id="heather", name="Heather", ambiguous=("Heather",), parent="retail"),
        Topic(id="target", name="Target", ambiguous=("Target",), parent="retail"),
    )
    linker = Linker(Watchlist(topics))

    found = [link.topic_id for link in linker.link("Lowland and Heather miss their Target", (), CALM)]

    assert found == ["lowland", "heather"]


def test_only_a_rater_is_left_out_where_it_rates() -> None:
    bank = Topic(id="bank", name="Bankhaus", is_rater=True)
    shop = Topic(id="shop", name="Kaufhaus")
    linker = Linker(Watchlist((bank, shop)))

    def found(text: str) -> list[str]:
        return [link.topic_id for link in linker.link(text, (), CALM)]

    assert found("Kaufhaus downgraded by Bankhaus") == ["shop"]
    assert found("Bankhaus downgraded by Kaufhaus") == ["bank", "shop"]
    assert found("Bankhaus cuts its outlook") == ["bank"]
    assert found("Bankhaus cuts outlook on Kaufhaus") == ["shop"]


def test_a_sure_name_settles_the_ambiguous_one_beside_it(linker: Linker) -> None:
    [link] = [
        link for link in linker.link("Ford Motor slipped. Ford said nothing.", (), CALM) if link.topic_id == "ford"
    ]

    assert link.surfaces == ("Ford Motor", "Ford")


def test_a_text_that_repeats_an_ambiguous_name_is_linked_all_the_same(linker: Linker) -> None:
    assert linker.link("apple " * 100_000, (), CALM) == ()


TEXTS = st.one_of(
    st.text(max_size=200),
    st.text(st.characters(), max_size=40),
    st.lists(
        st.sampled_from(
            ["Apple", "$F", "’s", "Bank of America", "&amp;", "\ud800", "\u0301", "<F.N>", "Inc", " ", "-"]
        ),
        max_size=12,
    ).map("".join),
)


@given(text=TEXTS, start=st.integers(0, 60), n=st.integers(0, 30), surface=TEXTS)
def test_any_text_and_span_give_links_of_the_watchlist(
    linker: Linker, text: str, start: int, n: int, surface: str
) -> None:
    spans = [Span(start, start + n, text[start : start + n], BAD), Span(start, start + n, surface, GOOD)]

    links = linker.link(text, spans, CALM)

    assert len({link.topic_id for link in links}) == len(links)
    for link in links:
        assert link.topic_id in linker.watchlist
        assert sum(link.sentiment) == pytest.approx(1.0)
        assert link.surfaces
    assert links == linker.link(text, spans, CALM)
