"""Pages of the documentation whose commands need docker, a distribution server or kfp; see tests/documents."""

from pathlib import Path

import pytest

from tests.conftest import ROOT, Sample
from tests.documents.block import Page, pages_of
from tests.documents.session import run_page
from tests.documents.surroundings import surroundings_of

PAGES = {page.path.relative_to(ROOT).as_posix(): page for page in pages_of(ROOT) if page.is_run and page.needs}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_page_does_what_it_says(page: Page, sample: Sample, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    assert sample
    differences = run_page(page, surroundings_of(page, tmp_path, request))
    assert not differences, "\n\n".join(differences)
