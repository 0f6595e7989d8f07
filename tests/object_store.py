"""An object store of the tests that speaks S3 over HTTP: it wants a signature, checks what arrives, and can be in any temper."""

import hashlib
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

BUCKET, ACCESS, SECRET = "photos", "vigil", "not-a-secret"


class ObjectStore:
    """What lies in the one bucket, by name; `asked`: which methods, in order. Tempers of the next requests: a status, "mute"
    (no answer in time), "torn" (half an answer), "lost" (taken, and hangs up without a word)."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.tempers: list[int | str] = []
        self.over = threading.Event()
        store = self

        class Desk(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                store.asked.append(self.command)
                temper = store.tempers.pop(0) if store.tempers else None
                if temper == "mute":
                    store.over.wait(2)
                    self.close_connection = True
                    return
                status, answer, headers = store._no(503, "SlowDown") if isinstance(temper, int) else store._answer(self, body)
                if temper == "lost":
                    self.close_connection = True
                    return
                self.send_response(temper if isinstance(temper, int) else status)
                for name, value in ({"content-length": len(answer)} | headers).items():
                    self.send_header(name, str(value))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer[: len(answer) // 2] if temper == "torn" else answer)
                self.close_connection = temper == "torn"

            do_GET = do_PUT = do_HEAD = do_DELETE = _any

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"

    def settings(self, **others: str) -> dict[str, str]:
        """The environment of a bank whose photos lie here."""
        own = {"VIGIL_PHOTOS_ENDPOINT": self.endpoint, "VIGIL_PHOTOS_KEY": ACCESS, "VIGIL_PHOTOS_SECRET": SECRET}
        return {"VIGIL_PHOTOS": f"s3://{BUCKET}/vigil"} | own | others

    def _answer(self, asked: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes, dict]:
        signed, where = asked.headers.get("authorization", ""), urlsplit(asked.path)
        bucket, _slash, name = unquote(where.path).lstrip("/").partition("/")
        if not signed.startswith(f"AWS4-HMAC-SHA256 Credential={ACCESS}/") or "Signature=" not in signed:
            return self._no(403, "InvalidAccessKeyId")
        if asked.headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
            return self._no(400, "XAmzContentSHA256Mismatch")
        if bucket != BUCKET:
            return self._no(404, "NoSuchBucket")
        return self._one(asked.command, name, body) if name else self._listed(parse_qs(where.query))

    def _one(self, method: str, name: str, body: bytes) -> tuple[int, bytes, dict]:
        if method == "DELETE":
            self.objects.pop(name, None)
            return 204, b"", {}
        if method == "PUT":
            self.objects[name] = body
        elif name not in self.objects:
            return self._no(404, "NoSuchKey")
        found = self.objects[name]
        facts = {"etag": f'"{hashlib.md5(found).hexdigest()}"', "last-modified": "Fri, 20 Nov 2026 08:00:00 GMT"}
        return (200, b"", facts) if method == "PUT" else (200, found, facts)

    def _listed(self, asked: dict) -> tuple[int, bytes, dict]:
        """Two at a time, so that whoever lists has to come again."""
        after = (asked.get("continuation-token") or [""])[0]
        names = [name for name in sorted(self.objects) if name.startswith((asked.get("prefix") or [""])[0]) and name > after]
        page, more = names[:2], len(names) > 2
        rows = "".join(f"<Contents><Key>{name}</Key><Size>1</Size></Contents>" for name in page)
        token = f"<NextContinuationToken>{page[-1]}</NextContinuationToken>" if more else ""
        told = f"<Name>{BUCKET}</Name><IsTruncated>{str(more).lower()}</IsTruncated>{token}{rows}"
        return 200, f"<ListBucketResult>{told}</ListBucketResult>".encode(), {"content-type": "application/xml"}

    @staticmethod
    def _no(status: int, code: str) -> tuple[int, bytes, dict]:
        return status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode(), {"content-type": "application/xml"}


@contextmanager
def opened():
    store = ObjectStore()
    thread = threading.Thread(target=store.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield store
    store.over.set()
    store.server.shutdown()
    store.server.server_close()
