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
