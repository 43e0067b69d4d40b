"""Meanings of metrics, charts, features and stages; longer texts are Markdown."""

from __future__ import annotations

# Titles of test sets by protocol.
LEAKAGE = {
    "artist": "Unseen artists",
    "track": "Unseen songs by artists of the training set (data leakage)",
    "segment": "Unseen segments of songs of the training set (strongest data leakage)",
}

METRICS = """
- **Unseen artists**: no artist of the test set is in the training set. Only this test set
  estimates the accuracy on your own music. **Unseen songs**: the test songs are new, but their
  artists are not. **Unseen segments**: other segments of the test songs are in the training set.
  The last two have *data leakage*, which inflates the results.
- **Accuracy**: share of correct predictions. A song's prediction is the mean over its segments
  (*song vote*). For unseen segments, each three-second segment counts by itself.
- **Small type**: the **95\u202f% confidence interval** and **n**, the number of test songs.
- **Reported elsewhere**: accuracy published for similar models on the same data set, nearly always
  on unseen segments (CRNN and BiLSTM: on unseen songs). MSD-musicnn: Pons & Serra 2019, on unseen
  artists. Select a model below to see how it differs.
- **F1**: harmonic mean of *precision* (share of the predictions of a genre that are correct) and
  *recall* (share of a genre's songs that are found). **Macro F1** is the mean over genres, so every
  genre counts the same. Higher is better.
- **Log loss**: mean of −ln of the probability given to the true genre. Lower is better; always
  predicting 10\u202f% for each genre scores 2.30.
- **ECE**, expected calibration error: mean absolute difference between confidence and accuracy.
  0.05 means 5 percentage points. Lower is better.
- **Size**: size of the model's files. **Time**: milliseconds per segment from decoded audio to
  prediction, on two CPU cores.
- **Seed 0**: fixed seed of the random splits and initial weights. Repeated training gives similar,
  not identical, results.
- **–**: not available. Models of whole clips cannot be tested on unseen segments.
"""

CURVES = """
- **Confusion matrix**: rows are true genres, columns are predicted genres.
- **Calibration**: accuracy at each confidence level. On the diagonal, confidence equals accuracy.
- **Precision–recall curve**: finding more songs of a genre (recall) usually means more false
  positives (lower precision). **ROC curve**: recall (true positive rate) against the false positive
  rate, the share of other songs wrongly assigned the genre. The number beside each genre is the
  area under its curve: 1 is perfect. Random guessing scores 0.5 under ROC, and the genre's share of
  all songs (about 0.1) under precision–recall.
"""

MCNEMAR = """
- **McNemar's test** compares two models on the same songs. Its p-value is the probability of a
  split at least this uneven if both were equally accurate. Below 0.05, a difference is usually
  called significant; by chance, this happens for about one in twenty pairs of equally accurate
  models.
"""

FAITHFULNESS = """
Important parts and everything else are separated in the audio and classified again. **AI**: share
of segments whose important parts alone give the genre a higher probability, in %. **AD**, **AG**:
mean relative drop and mean relative gain of that probability, in %. **FF**: drop in probability
when the important parts are removed. **Fid-In**: share of segments whose predicted genre stays the
same on the important parts. **SPS**: sparseness of the important parts. **Roughness**: fast
modulation of their sound, as a multiple of the song's. **Time**: processor time per segment.
Metrics after Paissan et al. 2024.
"""

FEATURES = """
Features are numbers that describe the sound: mean and variance over the segment and, for *change*,
the mean difference between successive frames.

- **MFCC 1, 2, 3 …**: shape of the spectrum, from coarse to fine. MFCC 1 is the level, MFCC 2 the
  balance of low and high frequencies.
- **Centroid**: centre of the spectrum (brightness). **Bandwidth**: width of the spectrum.
  **Roll-off**: frequency below which 85\u202f% of the power lies.
- **Flatness**: noise-like rather than tonal. **Contrast 1–6**: height of peaks above valleys in
  six frequency ranges, from low to high.
- **Energy**, **level**: loudness. **Zero crossings**: rate of sign changes of the waveform.
- **Chroma**: balance of the twelve pitch classes. **Harmonic part**, **percussive part**: level of
  the harmonic and percussive components.
- **Onsets, lag 0.50 s**: regularity of note onsets half a second apart, a sign of rhythm.
  **Onsets, variance**: variation of their strength.
"""

# Titles and texts of the stages in the classroom, by name of the stage.
STAGES = {
    "waveform": (
        "1. Waveform",
        "Air pressure, measured 22\u202f050 times per second. It contains the whole sound, but the "
        "genre is not visible in it.",
    ),
    "stft": (
        "2. Spectrogram (STFT)",
        "Overlapping windows of 93 ms, 24 per second, each split into 1025 frequency bins. "
        "The phase is discarded, so the sound below uses an estimated phase.",
    ),
    "mel": (
        "3. Mel bands",
        "The 1025 bins are combined into 128 bands, spaced like human hearing: narrow at low "
        "frequencies, wide at high ones. On a scale of power, only the loudest parts are visible.",
    ),
    "db": (
        "4. Decibels",
        "The logarithm of the power matches how we perceive loudness. Anything more than 80 dB "
        "below the peak is dropped.",
    ),
    "dct": (
        "5. Cosine transform (DCT)",
        "Each frame becomes a sum of cosines. The first coefficient is the level, the second the "
        "balance of low and high frequencies, and the others progressively finer detail. Nothing "
        "is lost, so it sounds the same.",
    ),
    "mfcc": (
        "6. MFCCs",
        "Only the first 13 coefficients are kept: the broad shape of the spectrum. CNN and "
        "CNN-LSTM read nothing else, and the sound below is resynthesised from them alone. "
        "MSD-musicnn reads mel bands instead.",
    ),
}
