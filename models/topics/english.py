"""The little English that linking and sketches need: stop words, and which words are common ones.

A capital letter on a common word says nothing in a headline, and upper case does not make it a ticker.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

_STOP = """
a about above after again all also am amid among an and any are as at be because been before being between both
but by can could did do does doing down during each few for from further had has have having he her here hers him
his how i if in into is it its just me more most my no nor not now of off on once only or other our out over own
per s said same say says she should so some such t than that the their them then there these they this those
through to too under until up us very via vs was we were what when where which while who whom why will with would
you your yours amp rt
"""
STOP_WORDS = frozenset(_STOP.split())
"""Words that carry no content of their own."""

_ACRONYMS = """
adr agm aka api apr asap aum brl btw cad cagr capex ceo cfo chf cio cny coo cpi cto dm dma dow ebit ebitda ecb
edt eia emi eod eps esg est etf etfs eu eur ev evs faq fbi fda fed fomc ftse fy fyi gaap gbp gdp gmt gop gst hr ico
ii iii imf imho imo inr ipo irs it jpy jul jun lng lol mar mou mpc msci nasa nasdaq nato nav nft nfts nov nyse oct
oecd omg opec otc pce pct pdf pe pm pmi ppi pr ps qoq rbi roe roi rsi sebi sec sep spac tba tbd tv uae uk un us
usa usd utc vat vc vip vix wti ytd yoy
"""
ACRONYMS = frozenset(_ACRONYMS.split())
"""Capitals that name no company, lower case."""

_CALENDAR = """
monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
october november december
"""


_ALSO_WORDS = """
adobe alphabet amazon american apple avalanche avalanches berkshire caterpillar caterpillars celsius chartered chase
chevron chevrons circle coke cop delta depot express garden gardens gemini genesis kraken luna maple marathon
meta oracle oracles polygon polygons republic riot ripple ripples shell shells snap solana southwest terra tether
tron uber united vale visa visas voyager voyagers warner zoom
"""

_GIVEN = """
aaron abigail adam adrian aisha alan albert alejandro alex alexander alfred alice alison amanda amit amy ana andrea
andrew angela anil anita ann anna anne annie anthony antonio arjun arthur ashley barbara benjamin bernard betty
bob brandon brian bruce carla carlos carol caroline catherine charles charlotte chloe chris christina christine
christopher claire clara colin craig daniel danielle dave david deborah deepak denise dennis derek diana diane donald
donna doris dorothy doug douglas edith eduardo edward eileen elaine eleanor elena elizabeth ella ellen ellie emily
emma eric erica ethan eva evelyn fatima felix fernando fiona frances francis frank fred frederick gareth gary
geoffrey george gerald gloria gordon graham greg gregory harold harrison harry heather heidi helen henry howard hugh
ian ibrahim irene isaac isabel ivan jack jacob jake james jamie jane janet jason jean jeff jeffrey jennifer jenny
jeremy jerry jessica jim jimmy joan joanna joe joel john johnny jonathan jorge jose joseph joshua joyce juan
judith judy julia julian julie karen karl kate katherine kathleen kathy keith kelly ken kenneth kevin kim kyle larry
laura lauren laurence leo leon leonard leslie lewis liam linda lisa louis louise lucas lucy luis luke lynn
marcus margaret maria marie mario marion martha martin mary matt matthew maurice maya megan melissa michael michelle
miguel mike mohammed molly monica nancy naomi natalie nathan neil nicholas nick nicole nigel nina noah norman olga
oliver olivia oscar pablo pamela patricia patrick paul paula pedro peter philip phillip priya rachel rafael rahul raj
ralph ravi raymond rebecca rene ricardo richard rita robert roberto robin roger ron ronald rosa ross roy russell
ruth ryan sally sam samantha samuel sandra sanjay sara sarah scott sean sergio sharon sheila shirley simon sofia
sophie stanley stefan stella stephanie stephen steve steven stuart sunil susan suzanne sylvia teresa terry theresa
thomas tim timothy todd tom tony tracy ursula valerie vanessa vera victor victoria vijay vincent walter
wanda wayne wendy wilhelm william willie yvonne zoe rob gerry julius hannah betsy blake bonnie bradley calvin cecil
clarence clark clifford curtis dean dolores duncan dustin earl edgar edmund elmer ernest eugene floyd gilbert
gladys glen glenn guillermo gustav hector herbert herman hilda homer horace hubert irving ivy jasper jesse joanne
josephine kurt lawrence leroy lester lloyd lois loretta lorraine lucille mabel marc marcia marilyn marjorie marvin
mildred milton mitchell mohamed morris muhammad nathaniel nelson nora otto pauline percy phyllis ramon randolph randy
roland ruby rudolf rupert salvador sebastian sidney sonia spencer stacy ted thelma theodore tracey troy tyler vernon
veronica vivian wallace warren wesley wilbur winston
"""

_FALLS = """
bankrupt bankruptcy bearish breach collapse collapsed collapses crash crashed crashes crashing crisis cut cuts
cutting decline declined declines declining default defaults dip dipped dips dive dived dives down downbeat
downgrade downgraded downgrades drag drags drop dropped dropping drops fail failed fails fall fallen falling
falls fell fraud halt halted halts hurt hurts insolvency insolvent layoffs lose loses losing loss losses lost
lower lowered lowers miss missed misses missing plummet plummeted plummets plunge plunged plunges plunging probe
recall recalled recalls resigns sank selloff shrank shrink shrinks sink sinking sinks slash slashed slashes slid
slide slides sliding slip slipped slips slowdown slump slumped slumping slumps sue sued sues suspend suspended
suspends tank tanked tanking tanks tumble tumbled tumbles tumbling underperform warn warned warning warns weak weaken
weakens weaker worse worsens worst
"""
FALLS = frozenset(_FALLS.split())
"""Words of a move for the worse."""

_RISES = """
advance advanced advances beat beaten beating beats boost boosted boosts bullish climb climbed climbing climbs
exceed exceeded exceeds gain gained gaining gains grew grow growing grows growth higher hike hiked hikes improve
improved improves increase increased increases jump jumped jumping jumps outperform raise raised raises raising
rallied rallies rally rallying rebound rebounded rebounds recover recovered recovers rise risen rises rising
rose skyrocket skyrockets soar soared soaring soars spike spiked spikes strong stronger surge surged surges
surging top topped tops up upbeat upgrade upgraded upgrades win wins won
"""
RISES = frozenset(_RISES.split())
"""Words of a move for the better."""

_FALLING = """
decline declined declines dip dipped dips dive dived dives drop dropped dropping drops fall fallen falling falls fell
lower plummet plummeted plummets plunge plunged plunges plunging sank shed sheds sink sinking sinks slid slide slides
sliding slip slipped slips slump slumped slumping slumps tank tanked tanking tanks tumble tumbled tumbles tumbling
"""
FALLING = frozenset(_FALLING.split())
"""Words of how far a price or a number falls; which of them is taken says nothing more."""

_RISING = """
advance advanced advances climb climbed climbing climbs gain gained gaining gains higher jump jumped jumping jumps
rallied rallies rally rallying rise risen rises rising rose skyrocket skyrockets soar soared soaring soars spike
spiked spikes surge surged surges surging
"""
RISING = frozenset(_RISING.split())
"""Likewise, of how far it rises."""

_WIRE_LABELS = """
breaking correction corrected exclusive fw just mt qt refile rt update via
already early far intraday midday now session trade trading
"""
WIRE_LABELS = frozenset(_WIRE_LABELS.split())
"""Words that say where a text is from, or at what hour it was written."""

_DENIALS = """
not no never nor cannot deny denies denied denying refute refutes refuted rebut rebuts rebutted dismisses dismissed
disputes disputed debunks debunked false untrue baseless unfounded
"""
DENIALS = frozenset(_DENIALS.split())
"""Words that say that something is not so, beside those in "n't"."""


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text as a set.

    >>> sorted(word_set("buy sell"))
    ['buy', 'sell']
    """
    return frozenset(text.split())


@cache
def common_words() -> frozenset[str]:
    """Return the common English words, lower case, acronyms of everyday use among them.

    >>> {"target", "shares", "ceo"} <= common_words(), "tesla" in common_words()
    (True, False)
    """
    text = (files("models.topics") / "english_words.txt").read_text(encoding="ascii")
    return (
        frozenset(line for line in text.split("\n") if line and line[0] != "#")
        | STOP_WORDS
        | ACRONYMS
        | set(_CALENDAR.split())
    )


@cache
def ordinary_words() -> frozenset[str]:
    """Return the words that are no name when written in lower case: the common ones, and what names are made of.

    >>> {"uber", "target"} <= ordinary_words(), "tesla" in ordinary_words()
    (True, False)
    """
    return common_words() | set(_ALSO_WORDS.split())


@cache
def given_names() -> frozenset[str]:
    """Return people's first names, lower case; those that are companies' or common verbs ("mark") are left out.

    >>> {"harrison", "jack"} <= given_names(), "mark" in given_names()
    (True, False)
    """
    return frozenset(_GIVEN.split())
