"""fetch from servers that send what is no HTTP, or too much of it: a true message, bounded memory, nothing left behind."""
import json
import os
import re
import subprocess
import tempfile
import time

import program
from fetch_case import QUICK, FetchTest
from misbehaving_server import ENDLESS

MOST_MIB = 64  # of memory; the program and libcurl take some 27


class Protocol(FetchTest):
    def most_memory(self, *command):
        """(exit code, stdout, most MiB of memory) of a process, as the system tells while it runs."""
        most = 0
        with tempfile.TemporaryFile("w+") as out:
            start = time.monotonic()
            process = subprocess.Popen(command, cwd=self.folder, stdout=out, stderr=subprocess.DEVNULL)
            while process.poll() is None:
                with open(f"/proc/{process.pid}/status") as status:
                    found = re.search(r"^VmHWM:\s+(\d+) kB", status.read(), re.M)
                most = max(most, int(found[1]) / 1024 if found else 0)
                if most > MOST_MIB or time.monotonic() - start > 100:
                    process.kill()
                time.sleep(0.01)
            out.seek(0)
            return process.returncode, out.read(), most

    def test_endless(self):
        headers = ("its headers are longer than 262144 bytes", 1)
        line = ("a line of its headers is too long", 1)
        expected = {"headers": headers, "interim": headers, "redirect-headers": headers, "trailers": headers,
                    "header-line": line, "status-line": line, "trailer-line": ("its chunks or trailers are not sound", 1),
                    "redirect-body": ("HTTP 302", 1), "extension": ("no progress for 1 s", 1)}
        self.assertEqual(expected.keys(), ENDLESS.keys())
        for way in ("event-loop", "threads"):
            code, out, most = self.most_memory(program.CONCDEMO, "fetch", *QUICK, "--retries", "0", "--max-bytes", "10",
                                               "--into", "in", "--with", way, "--json",
                                               *(self.url(f"/endless/{what}") for what in expected))
            self.assertLess(most, MOST_MIB)
            self.assertEqual(code, 3)
            for file, (reason, attempts) in zip(json.loads(out)["files"], expected.values()):
                self.assertEqual((file["result"], file["attempts"]), ("failed", attempts), file)
                self.assertIn(reason, file["reason"], file)
            self.assertEqual(self.left("in"), [])

    def test_slow(self):
        self.refused({self.url(f"/drips/{what}"): ("no progress for 1 s", 1) for what in ("headers", "trailers")},
                     "--retries", "0")

    def test_lengths(self):
        self.refused({
            self.url("/lengths/5/7"): ("it says two Content-Lengths, 5 and 7", 1),
            self.url("/lengths/7/5"): ("it says two Content-Lengths, 7 and 5", 1),
            self.url("/lengths/5, 7".replace(" ", "%20")): ("two Content-Lengths", 1),
            self.url("/lengths/18446744073709551616"): ("18446744073709551616", 1),
            self.url("/lengths/-5"): ("Content-Length", 1),
            self.url("/lengths/12abc"): ("its Content-Length '12abc' is no number of bytes", 1),
            self.url("/lengths/9e99"): ("its Content-Length '9e99' is no number of bytes", 1),
            self.url("/lengths/9"): ("cut off after 5 of 9 bytes", 1),
            self.url("/chunks-and-length/8"): ("its Content-Length says 8 bytes, its chunks held 5", 1),
        }, "--retries", "0")
        self.fetch(self.url("/lengths/5/5"), self.url("/longer-than-said"))
        self.fetch(self.url("/chunks-and-length/5"), "--into", "chunks")
        self.assertEqual([self.read(name) for name in ("5", "longer-than-said")], [b"hello"] * 2)

    def test_what_is_no_http(self):
        self.refused({self.url(f"/raw/{what}"): (says, 1) for what, says in {
            "http-0.9": "its answer is not HTTP (", "no-status": "its answer is not HTTP (",
            "preface": "its answer is not HTTP (", "zeros": "its answer is not HTTP (",
            "chunk-size": "chunk", "huge-chunk": "chunk",
        }.items()}, "--retries", "0")

    def test_what_is_packed_stays_within_limits(self):
        self.refused({self.url("/bomb/transfer"): ("larger than the limit", 1)}, "--retries", "0", "--max-bytes", "1MiB")
        self.fetch(self.url("/bomb/content"), "--max-bytes", "1MiB")
        self.assertEqual(self.read("content")[:2], b"\x1f\x8b", "a file is stored as it is")

    def test_places_that_are_not_allowed(self):
        not_allowed = ("redirected to what is not allowed", 1)
        self.refused({self.url(f"/to/{place}"): not_allowed for place in
                      ("javascript:alert(1)", "file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/y", "data:,x")})


class Lists(FetchTest):
    def test_what_is_no_list(self):
        url = self.url("/ok/a")
        os.mkdir(self.path("folder"))
        os.mkfifo(self.path("pipe"))
        self.write("wide", url.encode("utf-16"))
        self.write("binary", b"\x89HDF\r\n\x1a\n\0\0")
        self.write("large", b"# nothing\n" * (7 << 20))
        self.write("unreadable", b"")
        self.write("words", b"these are words\n")
        self.write("long", b"x" * 20000)
        for name, says in {"folder": "it is a folder", "wide": "UTF-16", "binary": "it is no text",
                           "large": "it is longer than 64 MiB", "/dev/zero": "it is no text",
                           "missing": "No such file", "pipe": "no URL in it", "/dev/null": "no URL in it",
                           "words": "words:1: 'are' behind the URL", "long": "long:1: a line of 20000 bytes"}.items():
            for ranks in (1, 3) if name in ("folder", "wide") else (1,):
                self.fails(2, "fetch", "--list", name, says=[name, says], ranks=ranks)
        for name, says in {"folder": "it is a folder", "words": "no certificate in it", "/dev/zero": "it is no text"}.items():
            self.fails(2, "fetch", url, "--ca-file", name, says=[f"--ca-file {name}", says])
        self.assertEqual(self.server.hits["/ok/a"], 0)

    def test_what_editors_leave_in_lists(self):
        lines = f"\ufeff# mine\r\n{self.url('/ok/a')} # this\r\n\r\n{self.url('/ok/b')}\tname=c\r\n"
        self.write("list", lines.encode())
        self.fetch("--list", "list")
        self.assertEqual(self.left(), ["a", "c", "list"])
        self.write("list", f"\ufeff{self.url('/ok/d')}".encode())
        self.fetch("--list", "/dev/stdin", prefix=("sh", "-c", 'cat list | "$@"', "piped"))
        self.assertEqual(self.read("d"), b"/ok/d")


if __name__ == "__main__":
    program.main()
