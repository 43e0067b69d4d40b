"""What the server refuses: foreign names and origins, forged and oversized uploads, other paths."""

from __future__ import annotations

import http.client
import json
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from core.constants import PROJECT_DIR
from tests.e2e.steps import WAIT_MS, upload
from tests.visitor import Visitor

MEGABYTE = 1 << 20


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=WAIT_MS)


def handshake(dashboard: str, *, host: str | None = None, origin: str | None = None) -> int:
    """Open a page's connection; return the status of the answer."""
    parts = urlsplit(dashboard)
    address = f"ws://{host or parts.netloc}/_stcore/stream"
    try:
        stream = socket.create_connection((parts.hostname, parts.port), timeout=60)
        with connect(address, sock=stream, origin=origin, proxy=None):  # type: ignore[arg-type]
            return 101
    except InvalidStatus as refusal:
        return refusal.response.status_code


def test_a_page_of_the_dashboard_connects(dashboard: str) -> None:
    netloc = urlsplit(dashboard).netloc
    assert handshake(dashboard, origin=f"http://{netloc}") == 101
    port = urlsplit(dashboard).port
    assert handshake(dashboard, host=f"localhost:{port}", origin=f"http://localhost:{port}") == 101


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example"]
)
def test_another_name_for_this_machine_is_refused(dashboard: str, host: str) -> None:
    """DNS rebinding: the name of another site resolves to this machine, and the origin matches."""
    name = f"{host}:{urlsplit(dashboard).port}"
    assert handshake(dashboard, host=name, origin=f"http://{name}") == 403
    assert handshake(dashboard, host=name) == 403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost.evil.example", "null"]
)
def test_a_page_of_another_site_cannot_connect(dashboard: str, origin: str) -> None:
    assert handshake(dashboard, origin=origin) == 403


def answer(
    dashboard: str,
    path: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
) -> tuple[int, dict[str, str], bytes]:
    """Send a request as it is, without normalising its path; return status, headers and body."""
    parts = urlsplit(dashboard)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return response.status, found, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/media/x.wav", "/_stcore/host-config"])
def test_other_sites_may_read_no_answer(dashboard: str, path: str) -> None:
    _, headers, _ = answer(dashboard, path, headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2f..%2fetc%2fpasswd",
        "/static/../../../../../etc/passwd",
        "/static/..%5c..%5cetc%5cpasswd",
        "//etc/passwd",
        "/media/../../../etc/passwd",
        "/media/%2fetc%2fpasswd",
        "/component/x/../../../etc/passwd",
        "/_stcore/bidi-components/x/../../../../etc/passwd",
        "/app/static/../app.py",
        "/dashboard/app.py",
        "/.streamlit/config.toml",
        "/models/cnn.json",
        "/\x00etc/passwd".replace("\x00", "%00"),
    ],
)
def test_no_path_leads_to_a_file_of_the_server(dashboard: str, path: str) -> None:
    status, headers, body = answer(dashboard, path)
    assert b"root:" not in body
    assert b"import streamlit" not in body
    assert b"maxUploadSize" not in body
    assert b'"standardisation"' not in body
    # Streamlit answers unknown paths with its page, as single-page applications do.
    assert status in (400, 403, 404) or "text/html" in headers["content-type"]


@pytest.mark.parametrize(
    "name", ["0" * 56 + ".wav", "x", "%2e%2e%2fx.wav", "a" * 5000, "<script>.html"]
)
def test_a_file_whose_address_nobody_was_told_is_not_served(dashboard: str, name: str) -> None:
    status, _, body = answer(dashboard, f"/media/{name}")
    assert status in (400, 403, 404)
    assert b"<script>.html" not in body


@pytest.mark.parametrize(
    "parameter", ["segment=%00", "genre=<script>", "keep=1e999", "x=" + "y" * 9000]
)
def test_nonsense_in_a_url_gives_the_page(dashboard: str, parameter: str) -> None:
    quoted = parameter.replace("<", "%3C").replace(">", "%3E")
    status, headers, body = answer(dashboard, f"/?{quoted}")
    assert status == 200
    assert "text/html" in headers["content-type"]
    assert b"<script>&" not in body
    assert b"yyyy" not in body


def form(content: bytes) -> tuple[dict[str, str], bytes]:
    """An upload as a browser sends it: headers and body."""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="song.wav"\r\n\r\n'
        + content
        + b"\r\n--b--\r\n"
    )
    return {"Content-Type": "multipart/form-data; boundary=b"}, body


def test_an_upload_needs_a_token_and_a_session(dashboard: str) -> None:
    headers, body = form(b"RIFF")
    path = "/_stcore/upload_file/00000000-0000-0000-0000-000000000000/x"
    assert answer(dashboard, path, method="PUT", headers=headers, body=body)[0] == 403
    forged = {**headers, "X-Xsrftoken": "2|a|b|1", "Cookie": "_streamlit_xsrf=2|c|d|1"}
    assert answer(dashboard, path, method="PUT", headers=forged, body=body)[0] == 403
    assert answer(dashboard, path, method="DELETE")[0] == 403
    _, cookies, _ = answer(dashboard, "/_stcore/health")
    token = re.search(r"_streamlit_xsrf=([^;]+)", cookies.get("set-cookie", ""))
    assert token is not None, "the server sets no token"
    valid = {**headers, "X-Xsrftoken": token[1], "Cookie": f"_streamlit_xsrf={token[1]}"}
    status, _, text = answer(dashboard, path, method="PUT", headers=valid, body=body)
    assert (status, b"Invalid session_id" in text) == (400, True)


@pytest.fixture
def upload_address(page: Page, mp3: Path) -> tuple[str, dict[str, str]]:
    """Address and headers of an upload that a page has made."""
    with page.expect_request(lambda request: "/upload_file/" in request.url) as found:
        upload(page, mp3)
    headers = found.value.all_headers()
    wanted = {name: headers[name] for name in ("x-xsrftoken", "cookie")}
    return urlsplit(found.value.url).path, wanted


def test_uploads_beyond_the_limit_are_refused_before_they_fill_memory(
    dashboard: str, upload_address: tuple[str, dict[str, str]]
) -> None:
    path, session = upload_address
    headers, body = form(b"RIFF")
    assert (
        answer(dashboard, path, method="PUT", headers={**headers, **session}, body=body)[0] == 204
    )
    declared = {**headers, **session, "Content-Length": str(300 * MEGABYTE)}
    assert answer(dashboard, path, method="PUT", headers=declared)[0] == 413
    connection = http.client.HTTPConnection(urlsplit(dashboard).netloc, timeout=120)
    chunks = (bytes(MEGABYTE) for _ in range(260))  # no declared length
    start = form(b"")[1].split(b"\r\n--b--")[0]
    try:
        connection.request(
            "PUT",
            path,
            body=(each for each in (start, *chunks)),
            headers={**headers, **session},
            encode_chunked=True,
        )
        status = connection.getresponse().status
    except OSError:  # the server has closed the connection while more was sent
        status = 413
    finally:
        connection.close()
    assert status == 413


def test_a_visitor_sees_nothing_of_another_ones_song(dashboard: str, mp3: Path) -> None:
    port = urlsplit(dashboard).port
    assert port is not None
    with Visitor(port) as one, Visitor(port) as other:
        one.open()
        one.upload(mp3.read_bytes(), "Privatissimum.mp3")
        # The heading comes with the first predictions; the server may have just started.
        one.wait(lambda: one.sees("Privatissimum"), 3 * WAIT_MS / 1000)
        other.open()
        assert other.sees("Three networks predict the genre")
        assert not other.sees("Privatissimum")


def test_the_configuration_keeps_the_doors_closed() -> None:
    import tomllib

    config = tomllib.loads((PROJECT_DIR / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    server = config["server"]
    assert server["address"] == "localhost"
    assert server["allowedHosts"] == ["localhost", "127.0.0.1", "::1"]
    assert server["enableXsrfProtection"] is True
    assert server["enableCORS"] is True
    assert server["maxUploadSize"] <= 200
    assert config["client"]["showErrorDetails"] == "none"
    assert config["browser"]["gatherUsageStats"] is False
    assert json.dumps(config).count("http") == 0
