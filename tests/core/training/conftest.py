"""Track sets that the tests of the training share."""

from __future__ import annotations

import pytest

from core.data.gtzan import TrackSet
from tests.archives import track_set


@pytest.fixture(scope="session")
def few_tracks(tmp_path_factory: pytest.TempPathFactory) -> TrackSet:
    """One track of each genre from each set of the artist split; two segments each."""
    return track_set(tmp_path_factory.mktemp("few"), per_subset=1)


@pytest.fixture(scope="session")
def many_tracks(tmp_path_factory: pytest.TempPathFactory) -> TrackSet:
    """Up to six tracks of each genre from each set of the artist split; two segments each."""
    return track_set(tmp_path_factory.mktemp("many"), per_subset=6)
