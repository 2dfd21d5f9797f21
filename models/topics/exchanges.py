"""Exchanges: how a text says where a ticker trades, "NYSE: F" or "7203.T", and whose ticker that then is.

A ticker without a suffix trades in the United States; "ASX: ALL" is not Allstate. Knows no watchlist.
"""

from __future__ import annotations

import re

from models.topics.english import word_set

_SUFFIXES_OF = {
    "NYSE": "N", "NASDAQ": "O OQ", "NASDAQGS": "O OQ", "NASDAQGM": "O OQ", "NASDAQCM": "O OQ", "NYSEARCA": "P",
    "NYSEAMERICAN": "A", "AMEX": "A", "OTC": "PK", "OTCMKTS": "PK", "OTCPK": "PK",
    "LSE": "L", "LON": "L", "TSX": "TO", "TSXV": "V", "CVE": "V", "ASX": "AX", "NSE": "NS", "BSE": "BO NS",
    "HKEX": "HK", "SEHK": "HK", "HKG": "HK", "HKSE": "HK", "TSE": "T TO", "TYO": "T", "JPX": "T", "XETRA": "DE",
    "ETR": "DE", "FRA": "DE F", "FWB": "DE F", "EPA": "PA", "AMS": "AS", "EBR": "BR", "BIT": "MI", "BME": "MC",
    "SWX": "SW S", "SIX": "SW S", "VTX": "VX", "STO": "ST", "CPH": "CO", "HEL": "HE", "OSL": "OL", "KRX": "KS",
    "TPE": "TW", "TWSE": "TW", "BVMF": "SA", "SGX": "SI", "JSE": "JO", "BMV": "MX", "TADAWUL": "SR", "SHA": "SS",
    "SHE": "SZ", "ISE": "IR", "WSE": "WA", "KLSE": "KL", "PSE": "PS", "NZE": "NZ", "NZX": "NZ",
}  # fmt: skip
_AMERICAN = word_set("N O OQ K A P PK US")
_SUFFIX_SETS = {name: frozenset(suffixes.split()) for name, suffixes in _SUFFIXES_OF.items()}
EXCHANGES = frozenset(_SUFFIXES_OF)
"""Names of exchanges as they stand before a colon, upper case."""

_KNOWN = frozenset(suffix for each in _SUFFIX_SETS.values() for suffix in each) | _AMERICAN
FOREIGN_SUFFIXES = _KNOWN - _AMERICAN
"""What follows the dot of a ticker that trades outside the United States; else it is a class of shares, "BRK.A"."""

_BEFORE = re.compile(r"(?<![\w-])([A-Za-z]{2,12}|TSX-?V)\s?:\s?$")
_AFTER = re.compile(r"\.([A-Z]{1,2})(?!\.?\w|\.\s[a-z])")  # not "B.P. trims"
_WIDTH = 16  # characters of the longest name of an exchange, its colon and blanks


def exchange_before(text: str, start: int) -> frozenset[str] | None:
    """Return the suffixes of the exchange that is named just before `start`, or None if none is.

    >>> sorted(exchange_before("(NSE: SBIN)", 6)), exchange_before("CEO: SBIN", 5)
    (['NS'], None)
    """
    if text[start - 1 : start] not in (":", " "):
        return None
    named = _BEFORE.search(text[max(0, start - _WIDTH) : start])
    return None if named is None else _SUFFIX_SETS.get(named[1].upper().replace("-", ""))


def suffix_after(text: str, end: int) -> str | None:
    """Return the exchange's suffix that stands at `end`, or None if none does.

    >>> suffix_after("<F.N>", 2), suffix_after("F. Not", 1)
    ('N', None)
    """
    said = _AFTER.match(text, end)
    return said[1] if said is not None and said[1] in _KNOWN else None


def is_traded_there(suffix: str, exchanges: frozenset[str]) -> bool:
    """Return whether a ticker with this suffix, "" for none, trades on one of the exchanges."""
    return suffix in exchanges if suffix else not _AMERICAN.isdisjoint(exchanges)
