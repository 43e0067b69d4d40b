"""A visitor of the dashboard without a browser: speaks Streamlit's WebSocket protocol.

The messages are Streamlit's own Protocol Buffers (``streamlit.proto``). A visitor opens pages,
uploads songs and reads what arrives; it draws nothing, so that many of them fit on one computer.
"""

from __future__ import annotations

import time
import urllib.request
import uuid
from collections.abc import Callable
from http.cookiejar import CookieJar
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol


class Visitor:
    """One session of the dashboard.

    Parameters
    ----------
    port : int
        Port of a dashboard on this computer.
    """

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._cookies = CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self._cookies)
        )
        self._opener.open(f"{self._base}/_stcore/health", timeout=60).read()
        self._socket = connect(
            f"ws://127.0.0.1:{port}/_stcore/stream",
            subprotocols=[Subprotocol("streamlit")],
            origin=Origin(self._base),
            max_size=None,
            open_timeout=120,
            ping_timeout=300,
        )
        self.session = ""
        self.pages: dict[str, str] = {}
        self.texts: list[str] = []  # of the present run, in the order of their arrival, with markup
        self._uploader = ""
        self._page = ""
        self._widgets: dict[str, Any] = {}

    def close(self) -> None:
        """Leave."""
        self._socket.close()

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self, page: str = "", query: str = "", *, timeout_s: float = 60) -> float:
        """Open a page; return the seconds until its heading and its first elements have arrived."""
        self._page = self.pages.get(page, "")
        self._uploader = ""
        began = time.monotonic()
        self._run(query)
        self.wait(lambda: self.sees("Groove-Guide") and len(self.texts) > 1, timeout_s)
        return time.monotonic() - began

    def upload(self, content: bytes, name: str, *, timeout_s: float = 60) -> None:
        """Upload a song on the present page."""
        self.wait(lambda: bool(self._uploader), timeout_s)
        request = BackMsg()
        request.file_urls_request.request_id = str(uuid.uuid4())
        request.file_urls_request.file_names.append(name)
        request.file_urls_request.session_id = self.session
        self._socket.send(request.SerializeToString())
        until = time.monotonic() + timeout_s
        urls = None
        while urls is None:
            message = self._receive(until)
            if message.WhichOneof("type") == "file_urls_response":
                urls = message.file_urls_response.file_urls[0]
        boundary = uuid.uuid4().hex
        body = (
            (
                f'--{boundary}\r\nContent-Disposition: form-data; name="file"; '
                f'filename="{name}"\r\nContent-Type: audio/wav\r\n\r\n'
            ).encode()
            + content
            + f"\r\n--{boundary}--\r\n".encode()
        )
        token = next((c.value for c in self._cookies if c.name == "_streamlit_xsrf"), "") or ""
        put = urllib.request.Request(
            self._base + urls.upload_url,
            data=body,
            method="PUT",
            headers={
                "Content-Type": f"multipart/form-data; boundary={boundary}",
                "X-Xsrftoken": token,
            },
        )
        self._opener.open(put, timeout=timeout_s).read()
        state = BackMsg().rerun_script.widget_states.widgets.add()
        state.id = self._uploader
        info = state.file_uploader_state_value.uploaded_file_info.add()
        info.name, info.size, info.file_id = name, len(content), urls.file_id
        info.file_urls.CopyFrom(urls)
        self._widgets = {state.id: state}
        self._run("")

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> float:
        """Receive messages until a condition holds; return the seconds.

        Raises
        ------
        TimeoutError
            If it does not hold in time.
        """
        began = time.monotonic()
        while not condition():
            self._receive(began + timeout_s)
        return time.monotonic() - began

    def sees(self, text: str) -> bool:
        """Whether a text has arrived since the run began."""
        return any(text in found for found in self.texts)

    def _run(self, query: str) -> None:
        message = BackMsg()
        state = message.rerun_script
        state.query_string = query
        state.page_script_hash = self._page
        for widget in self._widgets.values():
            state.widget_states.widgets.append(widget)
        self.texts.clear()
        self._socket.send(message.SerializeToString())

    def _receive(self, until: float) -> ForwardMsg:
        try:
            data = self._socket.recv(timeout=max(0.0, until - time.monotonic()))
        except TimeoutError as error:
            shown = " | ".join(text[:200] for text in self.texts[-8:])
            raise TimeoutError(f"The last texts are: {shown}") from error
        message = ForwardMsg()
        message.ParseFromString(data)
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.session = message.new_session.initialize.session_id or self.session
            self.texts.clear()
        elif kind == "navigation":
            self.pages = {
                page.page_name: page.page_script_hash for page in message.navigation.app_pages
            }
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._read(message.delta.new_element)
        return message

    def _read(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        if kind == "file_uploader":
            self._uploader = element.file_uploader.id
        body = getattr(getattr(element, kind or "", None), "body", "")
        if isinstance(body, str) and body and not body.startswith(("/*", "<style")):
            self.texts.append(body)
