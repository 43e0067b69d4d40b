# The dashboard and the command line, with TensorFlow for processors. See docs/deploy.md.
#
#   docker build --tag groove-guide .
#   docker run --rm --read-only --tmpfs /tmp --publish 127.0.0.1:8501:8501 groove-guide

FROM python:3.13-slim-bookworm AS packages

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

WORKDIR /build
COPY requirements.txt ./
# TensorFlow for processors has the same modules and is smaller by a third; it exists for x86-64
# only. Nothing needs TensorFlow's C++ headers nor the compiler's library: 350 MB.
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN python -m venv /opt/venv \
    && if [ "$(uname -m)" = x86_64 ]; then \
        sed -i 's/^tensorflow==/tensorflow-cpu==/' requirements.txt; \
    fi \
    && /opt/venv/bin/python -m pip install --requirement requirements.txt \
    && /opt/venv/bin/python -m pip uninstall --yes pip \
    && rm -rf /opt/venv/lib/python3*/site-packages/tensorflow/include \
        /opt/venv/lib/python3*/site-packages/clang/native

FROM python:3.13-slim-bookworm

# Nothing but /tmp is written, so the root file system can be read-only and the user can be any.
ENV PATH=/opt/venv/bin:$PATH \
    HOME=/tmp \
    XDG_CACHE_HOME=/tmp/cache \
    GROOVE_GUIDE_CACHE=/tmp/groove-guide \
    MPLCONFIGDIR=/tmp/matplotlib \
    NUMBA_CACHE_DIR=/tmp/numba \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TF_CPP_MIN_LOG_LEVEL=3 \
    CUDA_VISIBLE_DEVICES=-1

# Streamlit's own variables override .streamlit/config.toml. The container cannot know the names
# under which it is reached, so it accepts every one unless STREAMLIT_SERVER_ALLOWED_HOSTS names
# them, separated by spaces. A known browser address spares a request for the external address.
ENV STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_PORT=8501 \
    STREAMLIT_SERVER_HEADLESS=true \
    STREAMLIT_SERVER_ALLOWED_HOSTS=* \
    STREAMLIT_BROWSER_SERVER_ADDRESS=localhost

COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY .streamlit .streamlit
COPY core core
COPY dashboard dashboard
COPY examples examples
COPY models models

RUN groupadd --gid 10001 groove && useradd --uid 10001 --gid groove --no-create-home groove
USER 10001:10001

EXPOSE 8501

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"STREAMLIT_SERVER_PORT\"]}/_stcore/health', timeout=4)"]

CMD ["python", "-m", "streamlit", "run", "dashboard/app.py"]
