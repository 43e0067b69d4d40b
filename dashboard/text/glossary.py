"""Meanings of measures, charts, features and stages; longer texts are Markdown."""

from __future__ import annotations

# Titles of test sets by protocol.
LEAKAGE = {
    "artist": "Unseen artists",
    "track": "Unseen songs by artists of the training set (data leakage)",
    "segment": "Unseen segments of songs of the training set (most data leakage)",
}

MEASURES = """
- **Unseen artists**: no artist of the test set is in the training set. Only this predicts the
  accuracy on your own music. **Unseen songs**: the test songs are new, but their artists are not.
  **Unseen segments**: other segments of the test songs are in the training set. The last two have
  *data leakage*, which makes the figures too high.
- **Accuracy**: share of correct predictions. A song's prediction is the mean over its segments
  (*song vote*). For unseen segments, each three-second segment counts by itself.
- **Small type**: the **95 % confidence interval** and **n**, the number of test songs.
- **Reported**: accuracy of similar models in other projects on the same data set, nearly always on
  unseen segments, and on unseen songs for models that read whole clips (CRNN, BiLSTM).
  MSD-musicnn: Pons & Serra 2019, on unseen artists. Differences from our models are listed below
  for each model.
- **F1**: harmonic mean of *precision* (share of the predictions of a genre that are correct) and
  *recall* (share of a genre's songs that are found). **Macro F1** is the mean over genres, so every
  genre counts the same. Higher is better.
- **Log loss**: mean of −ln of the probability given to the true genre. Lower is better; always
  predicting 10 % for each genre scores 2.30.
- **ECE**, expected calibration error: mean difference between confidence and accuracy. 0.05 means
  5 percentage points. Lower is better.
- **MB**: size of the model's files. **ms**: milliseconds per segment from decoded audio to
  prediction, on two CPU cores.
- **Seed 0**: the fixed seed of the random number generator, so every figure can be reproduced.
- **–**: no figure. Models that read whole clips have no unseen segments to be tested on.
"""

CURVES = """
- **Confusion matrix**: rows are true genres, columns are predicted genres.
- **Calibration**: accuracy at each confidence level. On the diagonal, confidence equals accuracy.
- **Precision–recall curve**: finding more songs of a genre (recall) usually means more false
  alarms (lower precision). **ROC curve**: recall against the share of other songs that are wrongly
  given the genre. The number beside each genre is the area under its curve: 1 is perfect. Random
  guessing scores 0.5 under ROC, and the genre's share of all songs (about 0.1) under
  precision–recall.
"""

MCNEMAR = """
- **McNemar's test** compares two models on the same songs. Its p-value is the probability of a
  split at least this uneven if both were equally accurate. Below 0.05, a difference is usually
  called significant; among twenty pairs of equal models, about one is below by chance.
"""

FAITHFULNESS_MEASURES = """
**AI**: share of segments on which the kept part alone gives the genre a higher probability, in %.
**AD**, **AG**: mean relative drop and mean relative gain of that probability, in %. **FF**: loss of
probability when the kept part is removed. **Fid-In**: share of segments whose predicted genre stays
the same on the kept part. **SPS**: sparseness of the kept part. **Roughness**: fast modulation of
the kept sound, as a multiple of the song's. Measures after Paissan et al. 2024.
"""

FEATURES = """
Features are numbers that describe the sound: mean and variance over the segment and, for *change*,
the mean difference between successive frames.

- **MFCC 1, 2, 3 …**: shape of the spectrum, from coarse to fine. MFCC 1 is the level, MFCC 2 the
  balance of low and high frequencies.
- **Centroid**: centre of the spectrum (brightness). **Bandwidth**: width of the spectrum.
  **Roll-off**: frequency below which 85 % of the power lies.
- **Flatness**: noise-like rather than tonal. **Contrast 1–6**: height of peaks above valleys in
  six frequency ranges, from low to high.
- **Energy**, **level**: loudness. **Zero crossings**: rate of sign changes of the waveform.
- **Chroma**: balance of the twelve pitch classes. **Tones**, **beats**: harmonic and percussive
  parts of the sound.
- **Onsets, lag 0.50 s**: regularity of note onsets half a second apart, a measure of rhythm.
  **Onsets, variance**: variation of their strength.
"""

# Titles and texts of the stages in the classroom, by name of the stage.
STAGES = {
    "waveform": (
        "1. Waveform",
        "Air pressure, measured 22 050 times per second. It contains the whole sound, but the "
        "genre cannot be read from it.",
    ),
    "stft": (
        "2. Spectrogram (STFT)",
        "Overlapping windows of 93 ms, 24 per second, each split into 1025 frequencies. The phase "
        "is discarded, so the sound below uses an estimated phase.",
    ),
    "mel": (
        "3. Mel bands",
        "1025 frequencies become 128 bands, spaced like human hearing: narrow at low frequencies, "
        "wide at high ones. Shown as power, only the loudest parts are visible.",
    ),
    "db": (
        "4. Decibels",
        "The logarithm of the power matches how we perceive loudness. Anything more than 80 dB "
        "below the peak is dropped.",
    ),
    "dct": (
        "5. Cosine transform (DCT)",
        "Each frame becomes a sum of cosines. The first coefficient is the level, the second the "
        "balance of low and high frequencies, the others ever finer detail. Nothing is lost, so it "
        "sounds the same.",
    ),
    "mfcc": (
        "6. MFCCs",
        "Only the first 13 coefficients are kept: the broad shape of the spectrum. The CNN and the "
        "CNN-LSTM read nothing else, and the sound below is made from them alone. MSD-musicnn "
        "reads mel bands instead.",
    ),
}
