from pathlib import Path

from pipeline.metrics.page import families, page

PAGE = Path(__file__).resolve().parents[3] / "docs" / "metrics.md"


def test_the_page_is_what_the_code_declares() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m pipeline.metrics.page > docs/metrics.md"


def test_a_name_is_declared_once() -> None:
    names = [family.name for family in families()]
    assert len(names) == len(set(names))
