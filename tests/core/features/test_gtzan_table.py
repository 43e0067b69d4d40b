"""The 57 features of the published table: their values and order, and the reading of the table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.constants import SAMPLE_RATE
from core.errors import DatasetError
from core.features.gtzan_table import COLUMNS, STABLE, read_table, song_features, stable_features
from tests.synthetic import song_samples


def test_features_have_the_values_that_their_columns_name() -> None:
    time = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    tone = (0.5 * np.sin(2 * np.pi * 1000 * time)).astype(np.float32)
    found = dict(zip(COLUMNS, song_features(tone), strict=True))
    assert len(found) == 57
    assert found["spectral_centroid_mean"] == pytest.approx(1000, rel=0.05)
    assert found["zero_crossing_rate_mean"] == pytest.approx(2 * 1000 / SAMPLE_RATE, rel=0.05)
    assert found["rms_mean"] == pytest.approx(0.5 / np.sqrt(2), rel=0.05)
    assert found["harmony_var"] > 10 * found["perceptr_var"]


def test_stable_features_leave_out_only_the_tempo() -> None:
    features = song_features(song_samples(4.0))
    kept = stable_features(features)
    assert kept.shape == (56,)
    assert set(COLUMNS) - set(STABLE) == {"tempo"}
    assert kept[STABLE.index("mfcc1_mean")] == features[COLUMNS.index("mfcc1_mean")]


def written(file: Path, columns: tuple[str, ...]) -> Path:
    header = ("filename", "length", *columns, "label")
    row = ("jazz.00003.wav", "661794", *(str(index) for index in range(len(columns))), "jazz")
    file.write_text("\n".join(",".join(line) for line in (header, row)), encoding="utf-8")
    return file


def test_a_table_is_read_by_column_name(tmp_path: Path) -> None:
    names, features, labels = read_table(written(tmp_path / "t.csv", COLUMNS[::-1]))
    assert names == ("jazz.00003",)
    assert features[0].tolist() == list(range(57))[::-1]
    assert labels.tolist() == [5]


def test_another_table_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is not the published GTZAN feature table"):
        read_table(written(tmp_path / "t.csv", COLUMNS[1:]))
    with pytest.raises(DatasetError, match="is not the published GTZAN feature table"):
        read_table(tmp_path / "missing.csv")
