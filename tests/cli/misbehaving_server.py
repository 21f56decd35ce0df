"""An HTTP server on loopback, in a thread, that does what servers must not. What a path does is its handler below."""
import asyncio
import collections
import gzip
import re
import threading
import urllib.parse

HANDLERS = []


def handler(pattern):
    def add(function):
        HANDLERS.append((re.compile(pattern), function))
        return function
    return add


def answer(status="200 OK", body=b"", **headers):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@handler("/ok/.*")
async def ok(server, request, writer):
    writer.write(answer(body=request.path.encode()))


@handler("/empty")
async def empty(server, request, writer):
    writer.write(answer())


@handler(r"/status/(\d+)")
async def status(server, request, writer):
    writer.write(answer(f"{request.match[1]} as asked", b"an error page"))


@handler("/stalls")
async def stalls(server, request, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nthe beginning")
    await writer.drain()
    await asyncio.sleep(60)


@handler("/cut")  # ends after half of it
async def cut(server, request, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500)
    return "close"


@handler("/cut-once")
async def cut_once(server, request, writer):
    if server.hits[request.path] == 1:
        return await cut(server, request, writer)
    writer.write(answer(body=b"y" * 100))


@handler("/cut-chunked")
async def cut_chunked(server, request, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    return "close"


@handler("/chunked")  # no length
async def chunked(server, request, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")


@handler("/close-at-end")  # HTTP/1.0 style: neither length nor chunks
async def close_at_end(server, request, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it")
    return "close"


@handler("/longer-than-said")
async def longer_than_said(server, request, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more")
    return "close"


@handler("/says-nothing")
async def says_nothing(server, request, writer):
    return "close"


@handler("/huge-said")
async def huge_said(server, request, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n" + b"x" * 1000)
    await asyncio.sleep(60)


@handler("/huge-(unsaid|error)")
async def huge_unsaid(server, request, writer):
    code = b"200 OK" if request.match[1] == "unsaid" else b"404 Not Found"
    writer.write(b"HTTP/1.1 " + code + b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        await writer.drain()


@handler(r"/busy/(\d+)/?([\d]*)")  # so many times 503, perhaps with Retry-After
async def busy(server, request, writer):
    if server.hits[request.path] <= int(request.match[1]):
        more = {"Retry_After": request.match[2]} if request.match[2] else {}
        writer.write(answer("503 Busy", b"later", **more))
    else:
        writer.write(answer(body=b"now"))


@handler(r"/hops/(\d+)")
async def hops(server, request, writer):
    left = int(request.match[1])
    writer.write(answer("302 Found", Location=f"/hops/{left - 1}") if left else answer(body=b"arrived"))


@handler("/loop")
async def loop(server, request, writer):
    writer.write(answer("302 Found", Location="/loop"))


@handler("/to/(.*)")
async def to(server, request, writer):
    writer.write(answer("302 Found", Location=request.match[1]))


@handler("/credentials.*")  # what the client sent of them
async def credentials(server, request, writer):
    writer.write(answer(body=request.headers.get("authorization", "none").encode()))


@handler("/late/.*")  # the first ones come last
async def late(server, request, writer):
    server.late += 1
    await asyncio.sleep(max(0.6 - 0.1 * server.late, 0))
    writer.write(answer(body=request.path.encode()))


# What is no HTTP, or too much of it.

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n"


async def forever(writer, beginning, piece):
    writer.write(beginning)
    while True:
        writer.write(piece * (65536 // len(piece)))
        await writer.drain()


ENDLESS = {
    "headers": (HEAD, b"X-More: of this\r\n"),
    "header-line": (HEAD + b"X-More: ", b"x"),
    "interim": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
    "status-line": (b"HTTP/1.1 200 ", b"OK"),
    "redirect-headers": (b"HTTP/1.1 302 Found\r\nLocation: /ok/x\r\n", b"X-More: of this\r\n"),
    "redirect-body": (b"HTTP/1.1 302 Found\r\nLocation: /ok/x\r\nTransfer-Encoding: chunked\r\n\r\n", b"4\r\nmore\r\n"),
    "trailers": (CHUNKED + b"\r\n5\r\nhello\r\n0\r\n", b"X-More: of this\r\n"),
    "trailer-line": (CHUNKED + b"\r\n5\r\nhello\r\n0\r\nX-More: ", b"x"),
    "extension": (CHUNKED + b"\r\n5;", b"x"),
}


@handler("/endless/(.*)")
async def endless(server, request, writer):
    await forever(writer, *ENDLESS[request.match[1]])


@handler("/drips/(headers|trailers)")  # slowly, for ever
async def drips(server, request, writer):
    writer.write(HEAD + b"X: " if request.match[1] == "headers" else ENDLESS["trailer-line"][0])
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.2)


@handler("/lengths/(.*)")  # Content-Length for each; the body has 5 bytes
async def lengths(server, request, writer):
    lines = "".join(f"Content-Length: {each}\r\n" for each in request.match[1].split("/"))
    writer.write(HEAD + urllib.parse.unquote(lines).encode() + b"\r\nhello")
    return "close"


@handler(r"/chunks-and-length/(\d+)")
async def chunks_and_length(server, request, writer):
    writer.write(CHUNKED + f"Content-Length: {request.match[1]}\r\n\r\n5\r\nhello\r\n0\r\n\r\n".encode())


RAW = {
    "http-0.9": b"all of it",
    "no-status": b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
    "preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "zeros": bytes(1000),
    "nul": HEAD + b"X: a\0b\r\nContent-Length: 5\r\n\r\nhello",
    "chunk-size": CHUNKED + b"\r\nhello\r\n",
    "huge-chunk": CHUNKED + b"\r\nfffffffffffffffff\r\nhello",
    "hostile-words": b"HTTP/1.1 404 a\x1b[2J\rconcdemo: forged\xff\r\nX\x1b: \xe2\x80\xae\r\nContent-Length: 0\r\n\r\n",
    "hostile-length": HEAD + b"Content-Length: 1\x1b[2J\xff\xe2\x80\xae\r\n\r\nhello",
    "hostile-name": HEAD + b"Content-Disposition: attachment; filename=\"../\x1b[2J\"\r\nContent-Length: 5\r\n\r\nhello",
    "hostile-place": b"HTTP/1.1 302 a\r\nLocation: gopher\x1b[2J\xe2\x80\xae://x/\r\nContent-Length: 0\r\n\r\n",
}


@handler("/raw/(.*)")
async def raw(server, request, writer):
    writer.write(RAW[request.match[1]])
    return "close"


@handler("/bomb/(content|transfer)")  # 8 MiB that travel as 8 KiB
async def bomb(server, request, writer):
    body = gzip.compress(bytes(8 << 20))
    if request.match[1] == "content":
        writer.write(answer(body=body, Content_Encoding="gzip"))
    else:
        writer.write(HEAD + b"Transfer-Encoding: gzip\r\n\r\n" + body)
        return "close"


class Request:
    def __init__(self, path, headers):
        self.path, self.headers, self.match = path, headers, None


class MisbehavingServer:
    def __init__(self, tls=None):
        self.hits = collections.Counter()
        self.running = self.most_running = self.late = 0
        self.events = asyncio.new_event_loop()
        self.server = self.events.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=tls))
        self.port = self.server.sockets[0].getsockname()[1]
        self.scheme = "https" if tls else "http"
        self.thread = threading.Thread(target=self.events.run_forever)
        self.thread.start()

    def url(self, path, host="127.0.0.1"):
        return f"{self.scheme}://{host}:{self.port}{path}"

    async def serve(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
                request = Request(head[0].split(" ")[1], headers)
                self.hits[request.path] += 1
                self.running += 1
                self.most_running = max(self.most_running, self.running)
                try:
                    closes = await self.handle(request, writer)
                    await writer.drain()
                finally:
                    self.running -= 1
                if closes:
                    break
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def handle(self, request, writer):
        for pattern, function in HANDLERS:
            request.match = pattern.fullmatch(request.path)
            if request.match:
                return await function(self, request, writer)
        writer.write(answer("404 Not Found", b"no such page"))
        return None

    def stop(self):
        async def end():
            self.server.close()
            for task in asyncio.all_tasks(self.events) - {asyncio.current_task()}:
                task.cancel()
            await asyncio.sleep(0.01)

        asyncio.run_coroutine_threadsafe(end(), self.events).result()
        self.events.call_soon_threadsafe(self.events.stop)
        self.thread.join()
        self.events.close()
